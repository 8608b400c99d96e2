"""A gateway that publishes to Blob Storage, with its own token as a federated credential's."""

import json
import subprocess
from dataclasses import dataclass, field
from typing import Any

from caching_issuer import CachingIssuer
from gateway_program import CLUSTER, OWN_AUDIENCE, GatewayProgram, exchange_form
from joserfc import jwt
from joserfc.jwk import KeySet

from .services import ADMINISTRATOR, AUDIENCE, PUBLISHER, TENANT, Services

HOST = "documents.issuer.example"
SUBJECT = f"sts-gateway:publisher:{CLUSTER}:one"


@dataclass
class Gateway(GatewayProgram):
    """Its only endpoint is "one"."""

    services: Services = field(kw_only=True)
    issuer: CachingIssuer = field(kw_only=True)

    def add(self, **publish: Any) -> "Gateway":
        self.endpoints["one"] = {
            "name": "one", "plugin": "azure", "path": "/one", "issuer": {"host": HOST},
            "azRules": [{"scope": "filter", "constraint": "(namespace=default)"}],
            "subjectToken": {"audiences": [OWN_AUDIENCE]}, "settings": {"tenant": TENANT},
            "rotation": {"propagation": "2s", "maxAge": "1s"},
            "publish": {
                "account": "documents", "tenant": TENANT, "client": PUBLISHER,
                "endpoints": {"blob": self.services.url, "authority": self.services.url},
                "probe": {"connectTo": self.issuer.address, "caFile": str(self.pki / "ca.pem"), "interval": "10s"},
                **publish,
            },
        }  # fmt: skip
        return self

    def environment(self, with_credentials: bool = True) -> dict[str, str]:
        """An administrator's secret is for the commands only; `serve` has none."""
        client, secret = ADMINISTRATOR
        more = {"AZURE_CLIENT_ID": client, "AZURE_CLIENT_SECRET": secret} if with_credentials else {}
        return {**super().environment(), **more}

    def provision(self, *more: str) -> subprocess.CompletedProcess[str]:
        """The first publication, by an administrator."""
        return self.command("provision", "azure", "--endpoint", "one", "--only", "documents", *more)

    def token(self) -> str:
        status, body = self.call("POST", "/one/token", exchange_form(self.identity))
        assert status == 200, body
        return json.loads(body)["access_token"]

    def verify(self, token: str, path: str = "/certs") -> str:
        """Verifies a token with the key set that the issuer URL serves at the path; returns its kid."""
        content = self.issuer.read(HOST, path)
        assert content is not None
        decoded = jwt.decode(token, KeySet.import_key_set(json.loads(content)), algorithms=["RS256"])
        assert decoded.claims["iss"] == f"https://{HOST}" and decoded.claims["aud"] == AUDIENCE
        return decoded.header["kid"]

    def states(self) -> list[str]:
        return [key["state"] for key in self.ring()["keys"]]

    def published(self) -> set[str]:
        """The ids of the keys in the container."""
        return {key["kid"] for key in json.loads((self.services.public / "certs").read_text())["keys"]}
