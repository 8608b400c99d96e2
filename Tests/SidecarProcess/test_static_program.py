"""The released program in an empty root folder: STS_SIDECAR_STATIC is its path (`make sidecar`)."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import child_process
import pytest
from fault_gateway import FaultGateway
from processes import descendants
from sidecar_program import Sidecar
from waiting import DEADLINE, until

ENTER = Path(__file__).resolve().parents[1] / "Image/enter.py"
NAMESPACES = ["unshare", "--mount", "--pid", "--fork", "--kill-child"]
STATIC = os.environ.get("STS_SIDECAR_STATIC", "")
pytestmark = [
    pytest.mark.skipif(not STATIC, reason="make sidecar builds the static program and runs this"),
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can change the root"),
]


def test_it_needs_only_resolv_conf_hosts_and_proc(sidecar: Sidecar, gateway: FaultGateway, tmp_path: Path) -> None:
    root = tmp_path / "root"
    for folder in ["etc", "proc", "tokens", "secrets"]:
        (root / folder).mkdir(parents=True)
    (root / "sts-sidecar").write_bytes(Path(STATIC).read_bytes())
    (root / "sts-sidecar").chmod(0o755)
    (root / "etc/hosts").write_text("127.0.0.1 localhost\n")
    (root / "etc/resolv.conf").write_text("nameserver 127.0.0.1\n")
    (root / "secrets/ca.pem").write_bytes((tmp_path / "pki/ca.pem").read_bytes())
    (root / "secrets/subject").write_bytes((tmp_path / "subject").read_bytes())
    (root / "tokens").chmod(0o777)
    environment = {
        "STS_SERVER": f"https://localhost:{gateway.port}",
        "STS_ENDPOINTS": "one",
        "STS_SUBJECT_TOKEN_FILE": "/secrets/subject",
        "STS_TOKEN_DIRECTORY": "/tokens",
        "STS_CA_FILE": "/secrets/ca.pem",
    }
    spec = {
        "root": str(root), "entrypoint": "/sts-sidecar", "folder": "/", "user": 12345, "group": 12345, "began": "",
        "environment": environment, "volumes": {"/tokens": [str(root / "tokens"), True]},
    }  # fmt: skip
    (tmp_path / "spec.json").write_text(json.dumps(spec))
    command = [*NAMESPACES, sys.executable, ENTER, tmp_path / "spec.json", "run"]
    with (tmp_path / "log").open("wb") as log:
        process = child_process.start(command, stderr=log)
    try:
        until(lambda: process.poll() is not None or len(gateway.issued) >= 2)
        assert process.poll() is None, (tmp_path / "log").read_text()
        until(lambda: (root / "tokens/one/token").read_text() == gateway.issued[-1])
        # The program is process 1 of its PID namespace, and must exit after SIGTERM there too.
        (program,) = descendants(process.pid)
        os.kill(program.number, signal.SIGTERM)
        assert process.wait(DEADLINE) == 0
    finally:
        child_process.kill(process)


def test_it_is_small_and_has_no_libraries() -> None:
    assert Path(STATIC).stat().st_size <= 15_000_000
    listed = subprocess.run(["ldd", STATIC], capture_output=True, text=True)
    assert "=>" not in listed.stdout, listed.stdout
