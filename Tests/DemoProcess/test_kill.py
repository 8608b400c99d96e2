"""No process of `scripts/demo` outlives it, whichever signal ends it."""

import os
import shutil
import signal
import sys
from pathlib import Path

import child_process
import pytest
from built_programs import REPOSITORY, built_gateway
from processes import descendants
from waiting import until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has a parent-death signal")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_no_process_outlives_a_demo_that_a_signal_ends(number: signal.Signals, tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "ONCE"}
    environment |= {"STS_GATEWAY": str(built_gateway()), "TMPDIR": str(tmp_path)}
    output = tmp_path / "output"
    with output.open("wb") as file:
        demo = child_process.start(
            [shutil.which("bash") or "bash", REPOSITORY / "scripts/demo"], env=environment, stdout=file, stderr=file
        )

    def has_run_all_steps() -> bool:
        assert demo.poll() is None, output.read_text()
        return "Your turn" in output.read_text()

    try:
        until(has_run_all_steps, "the last step of the demo")
        children = descendants(demo.pid)
        assert len(children) >= 5, "moto, the CDN, the strict STS, the gateway and the sidecar"
        child_process.end(demo, number)
        until(lambda: not any(one.is_running for one in children), "the end of every child")
    finally:
        child_process.kill(demo)
