"""`sts-sidecar` as a process: its settings, its token files, and what it logs."""

import json
from dataclasses import dataclass
from pathlib import Path
from subprocess import CompletedProcess, Popen
from typing import Any

import child_process
import secret_scan

SUBJECT = "eyJhbGciOiJSUzI1NiJ9.c3ViamVjdA.c2lnbmF0dXJl"
LONGEST_TIMEOUT = "300s"
"""The timeout of one exchange, so long that no test reaches it unless it sets another one."""


@dataclass
class Sidecar:
    program: Path
    folder: Path
    process: Popen[bytes] | None = None

    def environment(self, gateway: str, **more: str) -> dict[str, str]:
        return {
            "STS_SERVER": gateway,
            "STS_ENDPOINTS": "one",
            "STS_SUBJECT_TOKEN_FILE": str(self.folder / "subject"),
            "STS_TOKEN_DIRECTORY": str(self.folder / "tokens"),
            "STS_CA_FILE": str(self.folder / "pki/ca.pem"),
            "STS_TERMINATION_LOG": str(self.folder / "termination"),
            "STS_TIMEOUT": LONGEST_TIMEOUT,
            **more,
        }

    def start(self, gateway: str, *prefix: str, command: str = "run", **more: str) -> "Sidecar":
        secret_scan.RUN.file("termination messages", self.folder / "termination")
        with (self.folder / "log").open("ab") as log:
            self.process = child_process.start(
                [*prefix, self.program, command], env=self.environment(gateway, **more), stderr=log, cwd="/"
            )
        return self

    def call(self, command: str, gateway: str = "https://127.0.0.1:1", **more: str) -> CompletedProcess[str]:
        return child_process.run([self.program, command], env=self.environment(gateway, **more))

    def stop(self) -> None:
        """Sends SIGTERM and expects exit status 0."""
        assert self.process is not None
        assert child_process.end(self.process) == 0

    def file(self, endpoint: str = "one") -> Path:
        return self.folder / "tokens" / endpoint / "token"

    def token(self, endpoint: str = "one") -> str:
        return self.file(endpoint).read_text() if self.file(endpoint).exists() else ""

    @property
    def log(self) -> list[dict[str, Any]]:
        """The complete lines of the log."""
        return [json.loads(line) for line in (self.folder / "log").read_text().splitlines(True) if line[-1] == "\n"]

    def lines(self, message: str) -> list[dict[str, Any]]:
        return [line for line in self.log if line["message"] == message]

    def failures(self) -> str:
        """Every logged error."""
        return "\n".join(line["error"] for line in self.lines("token not refreshed"))

    @property
    def termination(self) -> str:
        file = self.folder / "termination"
        return file.read_text() if file.exists() else ""
