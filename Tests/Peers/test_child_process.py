"""Child processes end with the run that has started them, after Ctrl-C, SIGTERM and SIGKILL."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

import child_process
from processes import Process, descendants
from waiting import until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has a parent-death signal")
RUN = '''
import subprocess, threading, pathlib
import pytest
import child_process
from waiting import until

FOREVER = ["sleep", "100000"]

@pytest.fixture
def child():
    process = child_process.start(FOREVER)
    yield process
    child_process.kill(process)

def test_that_hangs(child):
    started = []
    # The thread ends long before the run.
    thread = threading.Thread(target=lambda: started.append(child_process.start(FOREVER)))
    thread.start()
    thread.join()
    threading.Thread(target=lambda: child_process.run(FOREVER), daemon=True).start()
    pathlib.Path("begun").touch()
    until(lambda: False, "nothing")
'''
"""A test run with three children: one of a fixture, one of a thread that has ended, and a command that does not end."""


@pytest.fixture
def run(tmp_path: Path) -> subprocess.Popen[bytes]:
    (tmp_path / "test_run.py").write_text(RUN)
    peers = Path(child_process.__file__).parent
    (tmp_path / "pytest.ini").write_text(f"[pytest]\npythonpath = {peers}\n")
    (tmp_path / "conftest.py").write_text((peers.parent / "conftest.py").read_text())
    with (tmp_path / "log").open("wb") as log:
        process = child_process.start([sys.executable, "-m", "pytest", "-q", tmp_path], stdout=log, cwd=tmp_path)
    until((tmp_path / "begun").exists, "the start of the inner run")
    return process


def sleeping(process: subprocess.Popen[bytes]) -> list[Process]:
    return [one for one in descendants(process.pid) if one.command[:1] == ["sleep"]]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_no_child_outlives_a_run_that_is_ended_by_a_signal(number: signal.Signals, run: subprocess.Popen[bytes]) -> None:
    until(lambda: len(sleeping(run)) == 3, "three children")
    children = descendants(run.pid)
    assert child_process.end(run, number) != 0
    until(lambda: not any(one.is_running for one in children), "the end of every child")


def test_a_child_is_not_started_after_its_parent_has_ended(tmp_path: Path) -> None:
    """The shell of the command line then has another parent than the given one."""
    command = child_process.tied(["touch", tmp_path / "started"])
    of_another = [str(1 << 30) if word == command[6] else word for word in command]
    assert subprocess.run(of_another).returncode == 1
    assert not (tmp_path / "started").exists()


def test_the_exit_status_of_a_child_is_returned() -> None:
    assert child_process.end(child_process.start(["sleep", "100000"])) == -signal.SIGTERM
    assert child_process.run(["sh", "-c", "echo out; exit 3"]).returncode == 3


def test_a_child_with_an_environment_of_its_own_has_the_options_of_sanitizers(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("ASAN_OPTIONS", "detect_leaks=0")
    monkeypatch.setenv("TSAN_OPTIONS", "halt_on_error=1")
    monkeypatch.delenv("UBSAN_OPTIONS", raising=False)
    monkeypatch.setenv("ANOTHER", "of the run")
    environment = {"TSAN_OPTIONS": "halt_on_error=0", "OWN": "yes"}
    show = ["sh", "-c", 'echo "$ASAN_OPTIONS $TSAN_OPTIONS ${UBSAN_OPTIONS-none} ${ANOTHER-none} $OWN"']
    expected = "detect_leaks=0 halt_on_error=0 none none yes\n"
    assert child_process.run(show, env=environment).stdout == expected
    with (tmp_path / "log").open("wb") as log:
        assert child_process.start(show, env=environment, stdout=log).wait() == 0
    assert (tmp_path / "log").read_text() == expected
    assert child_process.run(show).stdout == "detect_leaks=0 halt_on_error=1 none of the run \n"
