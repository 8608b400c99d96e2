"""`sts-gateway` as a process that publishes to S3 and CloudFront."""

import hashlib
import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gateway_program import OWN_AUDIENCE, GatewayProgram

from .cloud import AUDIENCE, Place, Surroundings


@dataclass
class Gateway(GatewayProgram):
    """A gateway whose endpoints publish to S3 buckets of the cloud."""

    around: Surroundings = field(kw_only=True)
    key_directory: Path | None = None
    """Of another gateway whose replica this one is."""

    @property
    def keys(self) -> Path:
        return self.key_directory or self.folder / "keys"

    def add(
        self, place: Place, name: str = "one", credentials: tuple[str, ...] = ("environment",),
        issuer_path: str = "", probe: dict[str, Any] | None = None, **publish: Any,
    ) -> "Gateway":  # fmt: skip
        """Adds or replaces an endpoint that publishes to the bucket. A value of None removes its key."""
        around, made = self.around, place.publication
        block = {
            "plugin": "aws", "bucket": made.bucket, "region": made.region, "distribution": made.distribution,
            "role": made.role, "credentials": list(credentials), "pathStyle": True,
            "endpoints": {"s3": around.proxy.url, "cloudfront": around.proxy.url, "sts": around.sts.url},
            "probe": {
                "connectTo": around.edge.address, "caFile": str(around.cloud.pki / "ca.pem"), "interval": "10s",
                **(probe or {}),
            },
            **publish,
        }  # fmt: skip
        self.endpoints[name] = {
            "name": name, "plugin": "aws", "audience": AUDIENCE, "path": f"/{name}",
            "azRules": [{"scope": "filter", "constraint": "(namespace=default)"}],
            "issuer": {"host": made.domain, "path": issuer_path},
            "subjectToken": {"audiences": [OWN_AUDIENCE]},
            "token": {"algorithm": "ES256"},
            "publish": without_none(block),
        }  # fmt: skip
        return self

    def environment(self, with_credentials: bool = True) -> dict[str, str]:
        ours = {
            "PATH": os.environ["PATH"], "HOME": str(self.folder), "NO_PROXY": "127.0.0.1,localhost,.cloudfront.net",
            "AWS_EC2_METADATA_DISABLED": "true",
        }  # fmt: skip
        theirs = self.around.cloud.administrator.environment if with_credentials else {}
        return {**ours, **theirs, **self.more}

    def publish(self, *arguments: str, with_credentials: bool = True) -> subprocess.CompletedProcess[str]:
        return self.command("publish", *arguments, with_credentials=with_credentials)

    def failures(self, endpoint: str = "one") -> list[str]:
        """The logged reasons of failures in order."""
        messages = ["publication failed", "invalidation failed"]
        return [
            line["reason"] for line in self.log if line["message"] in messages and line.get("endpoint") == endpoint
        ]

    def matches(self, endpoint: str = "one") -> float | None:
        return self.metric("sts_published_matches", endpoint=endpoint)

    def check_nothing_secret_was_said(self) -> None:
        """Checks that no output contains a token, a secret key or a private key."""
        super().check_nothing_secret_was_said()
        for secret, session in self.around.proxy.secrets.values():
            assert secret not in self.written, "a secret access key in the output"
            assert session is None or session not in self.written, "a session token in the output"


def checksum(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def without_none(block: dict[str, Any]) -> dict[str, Any]:
    """The same without values of None, also in nested blocks."""
    return {
        key: without_none(value) if isinstance(value, dict) else value
        for key, value in block.items()
        if value is not None
    }
