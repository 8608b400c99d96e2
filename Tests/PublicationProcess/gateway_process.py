"""`sts-gateway` as a process: its configuration, its commands, and what it says."""

import argparse
import hashlib
import http.client
import json
import os
import re
import signal
import ssl
import subprocess
import urllib.parse
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from .cloud import AUDIENCE, CLUSTER, REPOSITORY, Place, Surroundings, until

import cluster_identity  # isort: skip

OWN_AUDIENCE = "sts-gateway.trial.svc"
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
JWT = "urn:ietf:params:oauth:token-type:jwt"


@dataclass
class Gateway:
    """One gateway with its folder; started and stopped any number of times."""

    program: Path
    folder: Path
    identity: Path
    around: Surroundings
    endpoints: dict[str, dict[str, Any]] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None
    port: int = 0
    admin_port: int = 0
    listen: str = "127.0.0.1:0"
    more: dict[str, str] = field(default_factory=dict)
    """Of the environment."""
    said: str = ""
    """All that commands have printed."""

    def add(
        self, place: Place, name: str = "one", credentials: tuple[str, ...] = ("environment",),
        issuer_path: str = "", probe: dict[str, Any] | None = None, **publish: Any,
    ) -> "Gateway":  # fmt: skip
        """An endpoint that publishes to the place, or anew one that is there; a value of None leaves its key out."""
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

    def write(self) -> Path:
        """The configuration; JSON is YAML."""
        pki = self.around.cloud.pki
        configuration = {
            "cluster": CLUSTER,
            "tls": {"certificates": [{"certificate": str(pki / "server.pem"), "key": str(pki / "server-key.pem")}]},
            "review": {"offline": {"jwks": str(self.identity / "jwks.json"), "issuer": cluster_identity.ISSUER}},
            "keyStore": {"directory": "keys"},
            "sts": {"endpoints": list(self.endpoints.values())},
        }
        file = self.folder / "gateway.yaml"
        file.write_text(json.dumps(configuration, indent=2))
        return file

    def environment(self, with_credentials: bool = True) -> dict[str, str]:
        ours = {
            "PATH": os.environ["PATH"], "HOME": str(self.folder), "NO_PROXY": "127.0.0.1,localhost,.cloudfront.net",
            "AWS_EC2_METADATA_DISABLED": "true",
        }  # fmt: skip
        theirs = self.around.cloud.administrator.environment if with_credentials else {}
        return {**ours, **theirs, **self.more}

    def serve(self, with_credentials: bool = True) -> "Gateway":
        """Starts it, and returns once it listens."""
        arguments = ["serve", "--config", str(self.write()), "--plugins", str(REPOSITORY / "plugins.json")]
        arguments += ["--listen", self.listen, "--admin-listen", "127.0.0.1:0"]
        begin = len(self.log)
        with (self.folder / "audit").open("ab") as audit, (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [str(self.program), *arguments], env=self.environment(with_credentials), stdout=audit, stderr=log,
                cwd=self.folder,
            )  # fmt: skip

        def ports() -> dict[str, int] | None:
            assert self.process is not None and self.process.poll() is None, f"it did not start: {self.text}"
            lines = [line for line in self.log[begin:] if line["message"] == "listening"]
            found = {line["listener"]: line["port"] for line in lines}
            return found if {"tokens", "admin"} <= found.keys() else None

        found = until(ports, 30, "the gateway's start")
        self.port, self.admin_port = found["tokens"], found["admin"]
        return self

    def stop(self) -> None:
        """SIGTERM, and an end in good order."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(15) == 0, "it ends in good order"
        self.process = None

    def kill(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def command(self, *arguments: str, with_credentials: bool = True) -> subprocess.CompletedProcess[str]:
        """A command that reads the configuration, to its end."""
        files = ["--config", str(self.write()), "--plugins", str(REPOSITORY / "plugins.json")]
        ended = subprocess.run(
            [str(self.program), *arguments, *files], env=self.environment(with_credentials), capture_output=True,
            text=True, timeout=60, cwd=self.folder,
        )  # fmt: skip
        self.said += ended.stdout + ended.stderr
        return ended

    def publish(self, *arguments: str, with_credentials: bool = True) -> subprocess.CompletedProcess[str]:
        return self.command("publish", *arguments, with_credentials=with_credentials)

    # What it says.

    @property
    def text(self) -> str:
        return (self.folder / "log").read_text() if (self.folder / "log").exists() else ""

    @property
    def log(self) -> list[dict[str, Any]]:
        """The lines of the log that are whole."""
        return [json.loads(line) for line in self.text.splitlines(True) if line[0] == "{" and line[-1] == "\n"]

    def lines(self, message: str, endpoint: str = "one") -> list[dict[str, Any]]:
        return [line for line in self.log if line["message"] == message and line.get("endpoint") == endpoint]

    def failures(self, endpoint: str = "one") -> list[str]:
        """Every reason for a failure that was logged, in order."""
        messages = ["publication failed", "invalidation failed"]
        return [
            line["reason"] for line in self.log if line["message"] in messages and line.get("endpoint") == endpoint
        ]

    def audited(self, decision: str, endpoint: str = "one") -> list[dict[str, Any]]:
        """The audit's lines of that decision, those that are whole."""
        lines = (self.folder / "audit").read_text().splitlines(True)
        found = [json.loads(line) for line in lines if line[-1] == "\n"]
        return [line for line in found if line["decision"] == decision and line["endpoint"] == endpoint]

    def get(self, path: str) -> tuple[int, str]:
        """Of the admin listener."""
        connection = http.client.HTTPConnection("127.0.0.1", self.admin_port, timeout=10)
        connection.request("GET", path)
        answer = connection.getresponse()
        found = answer.status, answer.read().decode()
        connection.close()
        return found

    def readiness(self, endpoint: str = "one") -> tuple[int, str]:
        """The status, and the line about the endpoint's publication."""
        status, text = self.get("/readyz?verbose")
        return status, next(line for line in text.splitlines() if f"publish/{endpoint}" in line)

    def metric(self, name: str, **labels: str) -> float | None:
        """None where there is no such sample."""
        for family in text_string_to_metric_families(self.get("/metrics")[1]):
            for sample in family.samples:
                if sample.name == name and labels.items() <= sample.labels.items():
                    return sample.value
        return None

    def matches(self, endpoint: str = "one") -> float | None:
        return self.metric("sts_published_matches", endpoint=endpoint)

    def call(self, method: str, path: str, body: str | None = None) -> tuple[int, bytes]:
        """Of the token listener."""
        context = ssl.create_default_context(cafile=str(self.around.cloud.pki / "ca.pem"))
        connection = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=10, context=context)
        headers = {"Content-Type": "application/x-www-form-urlencoded"} if body else {}
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        found = answer.status, answer.read()
        connection.close()
        return found

    def exchange(self, endpoint: str = "one") -> int:
        """The status of a workload's token exchange."""
        options = argparse.Namespace(
            namespace="default", serviceaccount="web", pod="web-0", node="node-1", audience=[OWN_AUDIENCE], ttl=3600,
            not_before=0,
        )  # fmt: skip
        form = {
            "grant_type": EXCHANGE, "subject_token_type": JWT,
            "subject_token": cluster_identity.token(self.identity, options),
        }  # fmt: skip
        return self.call("POST", f"/{endpoint}/token", urllib.parse.urlencode(form))[0]

    def documents(self, endpoint: str = "one") -> tuple[bytes, bytes]:
        """The key set and the discovery document, as the gateway itself serves them."""
        keys, discovery = (
            self.call("GET", f"/{endpoint}/{name}") for name in ["certs", ".well-known/openid-configuration"]
        )
        assert keys[0] == discovery[0] == 200
        return keys[1], discovery[1]

    def memory(self) -> int:
        """The most that the process has ever held, in MiB."""
        assert self.process is not None
        text = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmHWM:\s+(\d+) kB", text)[1]) // 1024

    def check_nothing_secret_was_said(self) -> None:
        """No token, no secret key and no private key in any output."""
        audit = (self.folder / "audit").read_text() if (self.folder / "audit").exists() else ""
        written = self.text + audit + self.said
        assert not re.search(r"eyJ[A-Za-z0-9_-]+\.", written), "a token shows"
        assert "PRIVATE KEY" not in written and "Signature=" not in written
        for secret, session in self.around.proxy.secrets.values():
            assert secret not in written, "a secret access key shows"
            assert session is None or session not in written, "a session token shows"
        for file in self.folder.glob("keys/*.keyring.json"):
            for key in json.loads(file.read_text())["keys"]:
                lines = [line for line in key["privateKey"].splitlines() if line and not line.startswith("-----")]
                assert lines and not any(line in written for line in lines), "a signing key shows"

    def ring(self, endpoint: str = "one") -> dict[str, Any]:
        return json.loads((self.folder / f"keys/{endpoint}.keyring.json").read_text())


def checksum(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def without_none(block: dict[str, Any]) -> dict[str, Any]:
    """The same without what is None, in blocks within as well."""
    return {
        key: without_none(value) if isinstance(value, dict) else value
        for key, value in block.items()
        if value is not None
    }
