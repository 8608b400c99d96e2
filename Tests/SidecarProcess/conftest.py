"""Fixtures: the sidecar as a process with its folders and certificates, and a gateway with faults."""

from collections.abc import Iterator
from pathlib import Path

import child_process
import pki
import pytest
from built_programs import built_sidecar
from fault_gateway import FaultGateway
from sidecar_program import SUBJECT, Sidecar


@pytest.fixture(scope="session")
def program() -> Path:
    return built_sidecar()


@pytest.fixture
def sidecar(program: Path, tmp_path: Path) -> Iterator[Sidecar]:
    pki.write(tmp_path / "pki", ["127.0.0.1", "::1", "localhost"])
    (tmp_path / "tokens").mkdir()
    (tmp_path / "subject").write_text(SUBJECT + "\n")
    started = Sidecar(program, tmp_path)
    yield started
    child_process.kill(started.process)
    if (tmp_path / "log").exists():
        written = (tmp_path / "log").read_text() + started.termination
        assert SUBJECT not in written and "c2lnbmF0dXJl" not in written and "ImlhdCI6" not in written


@pytest.fixture
def gateway(sidecar: Sidecar) -> Iterator[FaultGateway]:
    started = FaultGateway(sidecar.folder / "pki").start()
    yield started
    started.stop()
