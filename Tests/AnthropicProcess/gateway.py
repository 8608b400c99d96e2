"""A gateway that hands over the keys of one endpoint, authorized by a token of another."""

import json
import subprocess
from dataclasses import dataclass, field
from typing import Any

import requests
from gateway_program import CLUSTER, OWN_AUDIENCE, GatewayProgram, exchange_form

from .api import ADMINISTRATION, ADMINISTRATOR, ORGANIZATION, PUBLISHER, READER, WORKLOADS, API

ISSUER = "https://sts.cluster.internal"
ADMIN_ISSUER = "https://issuer.example.com/admin"


@dataclass
class Gateway(GatewayProgram):
    """Its endpoints are "one", whose keys are handed over, and "admin"."""

    api: API = field(kw_only=True)

    def add(self, **publish: Any) -> "Gateway":
        common = {
            "plugin": "anthropic", "audience": "https://api.anthropic.com",
            "subjectToken": {"audiences": [OWN_AUDIENCE]}, "token": {"algorithm": "ES256"},
        }  # fmt: skip
        self.endpoints["one"] = {
            **common, "name": "one", "path": "/one", "issuer": {"host": "sts.cluster.internal"},
            "azRules": [{"scope": "filter", "constraint": "(namespace=default)"}], "rotation": {"propagation": "2s"},
            "publish": {
                "federationIssuer": WORKLOADS, "adminEndpoint": "admin", "federationRule": PUBLISHER,
                "organization": ORGANIZATION, "serviceAccount": "svac_publisher", "address": self.api.url,
                "probe": {"interval": "10s"}, **publish,
            },
        }  # fmt: skip
        self.endpoints["admin"] = {
            **common, "name": "admin", "path": "/admin", "issuer": {"host": "issuer.example.com", "path": "/admin"},
            "azRules": [], "injector": {"label": "admin"}, "publish": {"probe": {"enabled": False}},
        }  # fmt: skip
        return self

    def environment(self, with_credentials: bool = True) -> dict[str, str]:
        """An administrator's token is for the commands only; `serve` has none."""
        more = {"ANTHROPIC_AUTH_TOKEN": ADMINISTRATOR} if with_credentials else {}
        return {**super().environment(), **more}

    def published(self) -> dict[str, Any]:
        """The key set of the second endpoint, as its public issuer serves it."""
        return json.loads(self.documents("admin")[0])

    def token(self) -> str:
        status, body = self.call("POST", "/one/token", exchange_form(self.identity))
        assert status == 200, body
        return json.loads(body)["access_token"]

    def log_in(self, token: str) -> int:
        """Exchanges a token as the SDK does; returns the status."""
        answer = requests.post(
            f"{self.api.url}/v1/oauth/token", headers={"anthropic-beta": "oauth-2025-04-20,oidc-federation-2026-04-01"},
            json={
                "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": token,
                "federation_rule_id": READER, "organization_id": ORGANIZATION,
            }, timeout=60,
        )  # fmt: skip
        return answer.status_code

    def accept(self, token: str) -> None:
        """Expects that a token is accepted."""
        status = self.log_in(token)
        assert status == 200, status

    def provision(self, *more: str) -> subprocess.CompletedProcess[str]:
        """Hands over the keys as an administrator."""
        return self.command("provision", "anthropic", "--endpoint", "one", "--only", "keys", *more)

    def set_up(self) -> None:
        """What an administrator does once."""
        self.api.add_issuer(WORKLOADS, ISSUER, {"type": "inline", "keys": []})
        self.api.add_issuer(ADMINISTRATION, ADMIN_ISSUER, {"type": "discovery"})
        self.api.add_rule(READER, WORKLOADS, "workspace:developer", f"{CLUSTER}:default:*")
        self.api.add_rule(PUBLISHER, ADMINISTRATION, "org:admin", f"sts-gateway:publisher:{CLUSTER}:admin")
        ended = self.provision()
        assert ended.returncode == 0, ended.stdout + ended.stderr

    def states(self) -> list[str]:
        """The states of the keys, standby marked."""
        return [key["state"] + (" standby" if key.get("standby") else "") for key in self.ring()["keys"]]
