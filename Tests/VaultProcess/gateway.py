"""A gateway that hands over its keys to a mount of the server, without a public issuer."""

import json
import subprocess
from dataclasses import dataclass, field
from typing import Any

import hvac
from gateway_program import OWN_AUDIENCE, GatewayProgram, exchange_form

from .server import ROOT, Proxy, Server

AUDIENCE = "https://vault.example.com"
ISSUER = "sts.cluster.internal"


@dataclass
class Gateway(GatewayProgram):
    """Its only endpoint is "one", whose mount has the same name."""

    server: Server = field(kw_only=True)
    proxy: Proxy = field(kw_only=True)
    mount: str = "one"

    def add(self, name: str = "one", rotation: dict[str, Any] | None = None, **publish: Any) -> "Gateway":
        """Adds or replaces an endpoint."""
        self.endpoints[name] = {
            "name": name, "plugin": "vault", "audience": AUDIENCE, "path": f"/{name}",
            "issuer": {"host": ISSUER},
            "azRules": [{"scope": "filter", "constraint": "(namespace=default)"}],
            "subjectToken": {"audiences": [OWN_AUDIENCE]},
            "token": {"algorithm": "ES256"},
            "rotation": {"propagation": "2s", **(rotation or {})},
            "publish": {"address": self.proxy.url, "mount": self.mount, "probe": {"interval": "10s"}, **publish},
        }  # fmt: skip
        return self

    def environment(self, with_credentials: bool = True) -> dict[str, str]:
        """An administrator's token is for the commands only; `serve` has none."""
        return {**super().environment(), **({"VAULT_TOKEN": ROOT} if with_credentials else {})}

    def token(self, endpoint: str = "one") -> str:
        """Exchanges a workload's token."""
        status, body = self.call("POST", f"/{endpoint}/token", exchange_form(self.identity))
        assert status == 200, body
        return json.loads(body)["access_token"]

    def log_in(self, token: str, role: str = "reader") -> str:
        """Logs in as a workload does, with the client library; returns the policies of the session."""
        client = hvac.Client(url=f"http://127.0.0.1:{self.server.port}")
        answer = client.auth.jwt.jwt_login(role=role, jwt=token, path=self.mount)
        return answer["auth"]["client_token"]

    def held(self) -> list[str]:
        """The PEM keys that the mount holds."""
        return self.server.client.auth.jwt.read_config(path=self.mount)["data"]["jwt_validation_pubkeys"]

    def provision(self, *more: str) -> subprocess.CompletedProcess[str]:
        """Runs the command as an administrator."""
        return self.command("provision", "vault", "--endpoint", "one", *more)

    def set_up(self) -> None:
        """What an administrator does once: mount, keys, policy and role of the publisher, and a role of workloads."""
        ended = self.provision("--yes")
        assert ended.returncode == 0, ended.stdout + ended.stderr
        self.server.client.write_data(
            f"auth/{self.mount}/role/reader",
            data={
                "role_type": "jwt", "user_claim": "sub", "bound_audiences": [AUDIENCE], "token_ttl": "10m",
                "bound_claims": {"namespace": "default"}, "token_policies": ["default"],
            },
        )  # fmt: skip

    def states(self) -> list[str]:
        """The states of the keys, standby marked."""
        return [key["state"] + (" standby" if key.get("standby") else "") for key in self.ring()["keys"]]
