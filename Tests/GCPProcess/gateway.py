"""A gateway that hands over its keys to a provider of a workload identity pool, or publishes to a bucket."""

import json
import subprocess
import uuid
from dataclasses import dataclass, field
from typing import Any

from gateway_program import OWN_AUDIENCE, GatewayProgram, exchange_form
from google.auth import exceptions, identity_pool
from google.auth.transport.requests import Request

from .google import ADMINISTRATOR, PROVIDER, Google

ISSUER = "sts.cluster.internal"


@dataclass
class Gateway(GatewayProgram):
    """Its only endpoint is "one"."""

    google: Google = field(kw_only=True)

    def add(self, **more: Any) -> "Gateway":
        """Adds or replaces the endpoint."""
        urls = {"sts": self.google.url, "iam": self.google.url, "storage": self.google.url}
        self.endpoints["one"] = {
            "name": "one", "plugin": "gcp", "path": "/one", "issuer": {"host": ISSUER},
            "azRules": [{"scope": "filter", "constraint": "(namespace=default)"}],
            "subjectToken": {"audiences": [OWN_AUDIENCE]},
            "token": {"algorithm": "ES256"},
            "rotation": {"propagation": "2s"},
            "settings": {"projectNumber": "123456789012", "pool": "clusters", "provider": "production"},
            "publish": {"endpoints": urls, "probe": {"interval": "10s"}},
            **more,
        }  # fmt: skip
        return self

    def environment(self, with_credentials: bool = True) -> dict[str, str]:
        """An administrator's token is for the commands only; `serve` has none."""
        return {**super().environment(), **({"CLOUDSDK_AUTH_ACCESS_TOKEN": ADMINISTRATOR} if with_credentials else {})}

    def token(self) -> str:
        """Exchanges a workload's token at the gateway."""
        status, body = self.call("POST", "/one/token", exchange_form(self.identity))
        assert status == 200, body
        return json.loads(body)["access_token"]

    def log_in(self, token: str) -> str:
        """Exchanges a token at Google as a workload does, with the client library."""
        file = self.folder / f"token-{uuid.uuid4()}"
        file.write_text(token)
        credentials = identity_pool.Credentials.from_info(
            {
                "type": "external_account", "audience": f"//iam.googleapis.com/{PROVIDER}",
                "subject_token_type": "urn:ietf:params:oauth:token-type:jwt", "token_url": f"{self.google.url}/v1/token",
                "credential_source": {"file": str(file), "format": {"type": "text"}},
            },
            scopes=["https://www.googleapis.com/auth/cloud-platform"],
        )  # fmt: skip
        try:
            credentials.refresh(Request())
        finally:
            file.unlink()
        return str(credentials.token)

    def is_accepted(self, token: str) -> bool:
        try:
            return bool(self.log_in(token))
        except exceptions.OAuthError:
            return False

    def held(self) -> list[str]:
        """The ids of the keys that the provider holds."""
        return [key["kid"] for key in json.loads(self.google.provider["oidc"].get("jwksJson") or '{"keys": []}')["keys"]]

    def provision(self, *more: str, command: str = "provision") -> subprocess.CompletedProcess[str]:
        """Runs the command as an administrator."""
        return self.command(command, "gcp", "--endpoint", "one", *more)

    def set_up(self) -> None:
        """What an administrator does once."""
        ended = self.provision("--yes")
        assert ended.returncode == 0, ended.stdout + ended.stderr

    def states(self) -> list[str]:
        """The states of the keys, standby marked."""
        return [key["state"] + (" standby" if key.get("standby") else "") for key in self.ring()["keys"]]
