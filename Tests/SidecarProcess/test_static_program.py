"""The program as it ships, alone in an empty root: STS_SIDECAR_STATIC names it (`make sidecar`)."""

import os
import signal
import subprocess
from pathlib import Path

import pytest
from conftest import Sidecar, until
from fault_gateway import FaultGateway

STATIC = os.environ.get("STS_SIDECAR_STATIC", "")
pytestmark = [
    pytest.mark.skipif(not STATIC, reason="make sidecar builds the static program and runs this"),
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can change the root"),
]


def test_it_needs_nothing_but_resolv_conf_hosts_and_proc(sidecar: Sidecar, gateway: FaultGateway, tmp_path: Path) -> None:
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
    enter = f'mount -t proc proc "{root}/proc" && exec chroot --userspec=12345:12345 "{root}" /sts-sidecar "$0"'
    process = subprocess.Popen(
        ["unshare", "--mount", "--pid", "--fork", "--kill-child", "/bin/sh", "-c", enter, "run"],
        env={**environment, "PATH": os.environ["PATH"]}, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    try:
        until(lambda: process.poll() is not None or len(gateway.issued) >= 2)
        assert process.poll() is None, process.stderr.read() if process.stderr else ""
        until(lambda: (root / "tokens/one/token").read_text() == gateway.issued[-1])
    finally:
        # The program is process 1 of its own namespace: it must end by SIGTERM there too.
        os.killpg(process.pid, signal.SIGTERM)
        process.communicate(timeout=5)


def test_it_is_small_and_has_no_libraries() -> None:
    assert Path(STATIC).stat().st_size <= 15_000_000
    listed = subprocess.run(["ldd", STATIC], capture_output=True, text=True)
    assert "=>" not in listed.stdout, listed.stdout
