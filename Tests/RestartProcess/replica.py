"""One replica of a gateway, as a Deployment would run it."""

from dataclasses import dataclass, field
from pathlib import Path

from gateway_program import OWN_AUDIENCE, GatewayProgram


@dataclass
class Replica(GatewayProgram):
    """A replica that shares its keys with other replicas."""

    place: Path = field(kw_only=True)
    drain_delay: int = field(kw_only=True)
    """Seconds."""

    def __post_init__(self) -> None:
        self.limits["drainDelay"] = f"{self.drain_delay}s"

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def keys(self) -> Path:
        return self.place / "keys"

    def endpoint(self) -> "Replica":
        self.endpoints["one"] = {
            "name": "one", "plugin": "oidc", "audience": "verifiers", "path": "/one",
            "azRules": [{"scope": "filter", "constraint": "(namespace=default)"}],
            "issuer": {"host": "one.issuer.example"}, "token": {"algorithm": "ES256"},
            "subjectToken": {"audiences": [OWN_AUDIENCE]}, "publish": {"probe": {"enabled": False}},
        }  # fmt: skip
        return self
