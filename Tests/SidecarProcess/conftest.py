"""The sidecar as a process, and the folders and certificates it lives with."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(REPOSITORY / "Tests/Peers"), str(Path(__file__).parent)]

import pki  # noqa: E402
from fault_gateway import FaultGateway  # noqa: E402

SUBJECT = "eyJhbGciOiJSUzI1NiJ9.c3ViamVjdA.c2lnbmF0dXJl"


def until(condition: Callable[[], Any], seconds: float = 20) -> Any:
    """What the condition says, once it says something."""
    end = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < end, "it did not come true in time"
        time.sleep(0.02)
    return value


@pytest.fixture(scope="session")
def program() -> Path:
    """STS_SIDECAR, or what `make build` has built."""
    path = Path(os.environ.get("STS_SIDECAR", REPOSITORY / ".build/debug/sts-sidecar"))
    assert path.exists(), f"there is no sidecar at {path}; run: make build"
    return path


@dataclass
class Sidecar:
    program: Path
    folder: Path
    process: subprocess.Popen[bytes] | None = None

    def environment(self, gateway: str, **more: str) -> dict[str, str]:
        return {
            "STS_SERVER": gateway,
            "STS_ENDPOINTS": "one",
            "STS_SUBJECT_TOKEN_FILE": str(self.folder / "subject"),
            "STS_TOKEN_DIRECTORY": str(self.folder / "tokens"),
            "STS_CA_FILE": str(self.folder / "pki/ca.pem"),
            "STS_TERMINATION_LOG": str(self.folder / "termination"),
            "STS_TIMEOUT": "2s",
            **more,
        }

    def start(self, gateway: str, *prefix: str, command: str = "run", **more: str) -> "Sidecar":
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [*prefix, str(self.program), command], env=self.environment(gateway, **more), stderr=log, cwd="/"
            )
        return self

    def call(self, command: str, gateway: str = "https://127.0.0.1:1", **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(self.program), command], env=self.environment(gateway, **more), capture_output=True, text=True,
            timeout=30,
        )  # fmt: skip

    def stop(self) -> float:
        """SIGTERM; seconds until it has ended, with status 0."""
        assert self.process is not None
        begin = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(10) == 0
        return time.monotonic() - begin

    def file(self, endpoint: str = "one") -> Path:
        return self.folder / "tokens" / endpoint / "token"

    def token(self, endpoint: str = "one") -> str:
        return self.file(endpoint).read_text() if self.file(endpoint).exists() else ""

    @property
    def log(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (self.folder / "log").read_text().splitlines()]

    def failures(self) -> str:
        """Every reason that was logged."""
        return "\n".join(line["error"] for line in self.log if line["message"] == "token not refreshed")

    @property
    def termination(self) -> str:
        file = self.folder / "termination"
        return file.read_text() if file.exists() else ""


@pytest.fixture
def sidecar(program: Path, tmp_path: Path) -> Iterator[Sidecar]:
    pki.write(tmp_path / "pki", ["127.0.0.1", "::1", "localhost"])
    (tmp_path / "tokens").mkdir()
    (tmp_path / "subject").write_text(SUBJECT + "\n")
    made = Sidecar(program, tmp_path)
    yield made
    if made.process is not None and made.process.poll() is None:
        made.process.kill()
        made.process.wait()
    if (tmp_path / "log").exists():
        written = (tmp_path / "log").read_text() + made.termination
        assert SUBJECT not in written and "c2lnbmF0dXJl" not in written and "ImlhdCI6" not in written


@pytest.fixture
def gateway(sidecar: Sidecar) -> Iterator[FaultGateway]:
    made = FaultGateway(sidecar.folder / "pki").start()
    yield made
    made.stop()
