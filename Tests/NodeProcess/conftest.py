"""Fixtures: the node driver as a process with a kubelet's folders, and a gateway with faults."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pki
import pytest
import secret_scan
from built_programs import built_node
from fault_gateway import FaultGateway
from node_program import Node, mount_refusal, unmount_below


@pytest.fixture(scope="session")
def program() -> Path:
    return built_node()


@pytest.fixture(params=["tmpfs", "files"])
def node(request: pytest.FixtureRequest, program: Path) -> Iterator[Node]:
    # The path of a Unix socket has 107 bytes at most, which the folders of pytest exceed.
    with tempfile.TemporaryDirectory(prefix="sts-node-") as folder:
        yield from running(request, program, Path(folder))


def running(request: pytest.FixtureRequest, program: Path, tmp_path: Path) -> Iterator[Node]:
    if request.param == "tmpfs" and (reason := mount_refusal(tmp_path)):
        pytest.skip(f"a tmpfs cannot be mounted here: {reason}")
    pki.write(tmp_path / "pki", ["127.0.0.1", "::1", "localhost"])
    for folder in ["pods", "plugins", "plugins_registry"]:
        (tmp_path / "kubelet" / folder).mkdir(parents=True)
    started = Node(program, tmp_path, request.param)
    yield started
    started.kill()
    unmount_below(tmp_path)
    if (tmp_path / "log").exists():
        written = (tmp_path / "log").read_text()
        # The folder is removed before the run ends.
        secret_scan.RUN.text("sts-node stderr", written, "log")
        assert "c3ViamVjdA" not in written and "ImlhdCI6" not in written, "the log contains a token"


@pytest.fixture
def gateway(node: Node) -> Iterator[FaultGateway]:
    started = FaultGateway(node.folder / "pki", ttl=900).start()
    yield started
    started.stop()
