"""`sts-gateway` as a process: its configuration, its commands, and its output."""

import argparse
import http.client
import json
import os
import re
import ssl
import subprocess
import sys
import threading
import urllib.parse
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

import child_process
import cluster_identity
import secret_scan
from built_programs import REPOSITORY
from waiting import DEADLINE, until

CLUSTER = "trial"
OWN_AUDIENCE = "sts-gateway.trial.svc"
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
JWT = "urn:ietf:params:oauth:token-type:jwt"
CAPABILITIES = "--bounding-set=-dac_override,-dac_read_search"
"""The capabilities with which a superuser ignores file permissions."""


@dataclass
class GatewayProgram:
    """One gateway with its folder. It can be started and stopped repeatedly."""

    program: Path
    folder: Path
    identity: Path
    pki: Path
    endpoints: dict[str, dict[str, Any]] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None
    port: int = 0
    admin_port: int = 0
    listen: str = "127.0.0.1:0"
    more: dict[str, str] = field(default_factory=dict)
    """Additional environment variables."""
    said: str = ""
    """The output of all commands."""
    limits: dict[str, Any] = field(default_factory=lambda: {"readTimeout": "600s", "idleTimeout": "1h"})
    """The limits of the configuration, so long that no slow client of a test reaches them."""

    def write(self) -> Path:
        """Writes the configuration as JSON, which is YAML."""
        pki = self.pki
        configuration = {
            "cluster": CLUSTER,
            "tls": {"certificates": [{"certificate": str(pki / "server.pem"), "key": str(pki / "server-key.pem")}]},
            "review": {"offline": {"jwks": str(self.identity / "jwks.json"), "issuer": cluster_identity.ISSUER}},
            "keyStore": {"directory": str(self.keys)},
            "limits": self.limits,
            "sts": {"endpoints": list(self.endpoints.values())},
        }
        file = self.folder / "gateway.yaml"
        # Atomically, since others may read it.
        new = self.folder / f"gateway.yaml.{threading.get_ident()}"
        new.write_text(json.dumps(configuration, indent=2))
        return new.rename(file)

    @property
    def keys(self) -> Path:
        """The key directory."""
        return self.folder / "keys"

    def environment(self, with_credentials: bool = True) -> dict[str, str]:
        """The environment: the gateway's own variables and PATH; credentials can be omitted."""
        return {"PATH": os.environ["PATH"], "HOME": str(self.folder), "NO_PROXY": "127.0.0.1,localhost", **self.more}

    def arguments(self, *command: str) -> list[str]:
        """The command line without the capabilities with which a superuser ignores file permissions."""
        limited = ["setpriv", CAPABILITIES] if sys.platform == "linux" and os.geteuid() == 0 else []
        files = ["--config", str(self.folder / "gateway.yaml"), "--plugins", str(REPOSITORY / "plugins.json")]
        return [*limited, str(self.program), *command, *files]

    def launch(self, with_credentials: bool = True) -> subprocess.Popen[bytes]:
        """Starts the gateway and does not wait."""
        self.write()
        secret_scan.RUN.key_folder(self.keys)
        listeners = ["--listen", self.listen, "--admin-listen", "127.0.0.1:0", "--webhook-listen", "127.0.0.1:0"]
        arguments = self.arguments("serve") + listeners
        with (self.folder / "audit").open("ab") as audit, (self.folder / "log").open("ab") as log:
            self.process = child_process.start(
                arguments, env=self.environment(with_credentials), stdout=audit, stderr=log, cwd=self.folder
            )
        return self.process

    def serve(self, with_credentials: bool = True) -> "GatewayProgram":
        """Starts the gateway and waits until it listens."""
        begin = len(self.log)
        self.launch(with_credentials)

        def ports() -> dict[str, int] | None:
            assert self.process is not None and self.process.poll() is None, f"it did not start: {self.text}"
            lines = [line for line in self.log[begin:] if line["message"] == "listening"]
            found = {line["listener"]: line["port"] for line in lines}
            return found if {"tokens", "webhook", "admin"} <= found.keys() else None

        found = until(ports, "the gateway's start")
        self.port, self.admin_port = found["tokens"], found["admin"]
        return self

    def stop(self) -> None:
        """Sends SIGTERM and expects exit status 0."""
        assert self.process is not None
        secret_scan.RUN.key_folder(self.keys)
        assert child_process.end(self.process) == 0, "it ends in good order"
        self.process = None

    def kill(self) -> None:
        secret_scan.RUN.key_folder(self.keys)
        child_process.kill(self.process)

    def command(self, *arguments: str, with_credentials: bool = True) -> subprocess.CompletedProcess[str]:
        """Runs a command that reads the configuration."""
        self.write()
        ended = child_process.run(
            self.arguments(*arguments), env=self.environment(with_credentials), cwd=self.folder
        )
        self.said += ended.stdout + ended.stderr
        return ended

    # Output.

    @property
    def text(self) -> str:
        return (self.folder / "log").read_text() if (self.folder / "log").exists() else ""

    @property
    def log(self) -> list[dict[str, Any]]:
        """The complete lines of the log."""
        return [json.loads(line) for line in self.text.splitlines(True) if line[0] == "{" and line[-1] == "\n"]

    def lines(self, message: str, endpoint: str | None = "one") -> list[dict[str, Any]]:
        return [line for line in self.log if line["message"] == message and line.get("endpoint") == endpoint]

    def audited(self, decision: str, endpoint: str = "one") -> list[dict[str, Any]]:
        """The complete audit records with that decision."""
        lines = (self.folder / "audit").read_text().splitlines(True)
        found = [json.loads(line) for line in lines if line[-1] == "\n"]
        return [line for line in found if line["decision"] == decision and line["endpoint"] == endpoint]

    def get(self, path: str) -> tuple[int, str]:
        """Sends a request to the admin listener."""
        connection = http.client.HTTPConnection("127.0.0.1", self.admin_port, timeout=DEADLINE)
        connection.request("GET", path)
        answer = connection.getresponse()
        found = answer.status, answer.read().decode()
        secret_scan.RUN.text("status", found[1], path)
        connection.close()
        return found

    def readiness(self, endpoint: str = "one", part: str = "publish") -> tuple[int, str]:
        """The status of /readyz, and its line about the endpoint's publication or another part."""
        status, text = self.get("/readyz?verbose")
        return status, next(line for line in text.splitlines() if f"{part}/{endpoint} " in line)

    def metric(self, name: str, **labels: str) -> float | None:
        """The value of a sample; None if it does not exist."""
        for family in text_string_to_metric_families(self.get("/metrics")[1]):
            for sample in family.samples:
                if sample.name == name and labels.items() <= sample.labels.items():
                    return sample.value
        return None

    def connection(self) -> http.client.HTTPSConnection:
        """Sends a request to the token listener."""
        context = ssl.create_default_context(cafile=str(self.pki / "ca.pem"))
        return http.client.HTTPSConnection("127.0.0.1", self.port, timeout=DEADLINE, context=context)

    def call(self, method: str, path: str, body: str | None = None) -> tuple[int, bytes]:
        """Sends a GET to the token listener."""
        connection = self.connection()
        headers = {"Content-Type": "application/x-www-form-urlencoded"} if body else {}
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        found = answer.status, answer.read()
        secret_scan.RUN.answer(found[1])
        connection.close()
        return found

    def exchange(self, endpoint: str = "one") -> int:
        """Exchanges a workload's token; returns the status."""
        return self.call("POST", f"/{endpoint}/token", exchange_form(self.identity))[0]

    def documents(self, endpoint: str = "one") -> tuple[bytes, bytes]:
        """The key set and the discovery document that the gateway serves."""
        keys, discovery = (
            self.call("GET", f"/{endpoint}/{name}") for name in ["certs", ".well-known/openid-configuration"]
        )
        assert keys[0] == discovery[0] == 200
        return keys[1], discovery[1]

    def memory(self) -> int:
        """The peak resident memory of the process in MiB."""
        assert self.process is not None
        text = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmHWM:\s+(\d+) kB", text)[1]) // 1024

    def check_nothing_secret_was_said(self) -> None:
        """Checks that no output contains a token or a private key."""
        written = self.written
        assert not re.search(r"eyJ[A-Za-z0-9_-]+\.", written), "a token in the output"
        assert "PRIVATE KEY" not in written and "Signature=" not in written
        for file in self.keys.glob("*.keyring.json"):
            try:
                keys = json.loads(file.read_text())["keys"]
            except (OSError, ValueError, KeyError, TypeError):
                continue
            for key in keys:
                lines = [line for line in key["privateKey"].splitlines() if line and not line.startswith("-----")]
                assert not any(line in written for line in lines), "a signing key in the output"

    @property
    def written(self) -> str:
        """The output of the gateway and of its commands."""
        audit = (self.folder / "audit").read_text() if (self.folder / "audit").exists() else ""
        return self.text + audit + self.said

    def ring_file(self, endpoint: str = "one") -> Path:
        return self.keys / f"{endpoint}.keyring.json"

    def ring(self, endpoint: str = "one") -> dict[str, Any]:
        return json.loads(self.ring_file(endpoint).read_text())


def exchange_form(identity: Path) -> str:
    """The body of a workload's token exchange."""
    options = argparse.Namespace(
        namespace="default", serviceaccount="web", pod="web-0", node="node-1", audience=[OWN_AUDIENCE], ttl=3600,
        not_before=0,
    )  # fmt: skip
    return urllib.parse.urlencode({
        "grant_type": EXCHANGE, "subject_token_type": JWT, "subject_token": cluster_identity.token(identity, options),
    })  # fmt: skip
