"""One replica of a gateway, as a Deployment would run it."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gateway_program import OWN_AUDIENCE, GatewayProgram


@dataclass
class Replica(GatewayProgram):
    """One whose keys other replicas have too."""

    place: Path = field(kw_only=True)
    drain_delay: str = field(default="2s", kw_only=True)

    @property
    def keys(self) -> Path:
        return self.place / "keys"

    def write(self) -> Path:
        file = super().write()
        configuration: dict[str, Any] = json.loads(file.read_text())
        configuration["limits"] = {"drainDelay": self.drain_delay}
        file.write_text(json.dumps(configuration))
        return file

    def endpoint(self) -> "Replica":
        self.endpoints["one"] = {
            "name": "one", "plugin": "oidc", "audience": "verifiers", "path": "/one",
            "azRules": [{"scope": "filter", "constraint": "(namespace=default)"}],
            "issuer": {"host": "one.issuer.example"}, "token": {"algorithm": "ES256"},
            "subjectToken": {"audiences": [OWN_AUDIENCE]}, "publish": {"probe": {"enabled": False}},
        }  # fmt: skip
        return self
