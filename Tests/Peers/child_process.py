"""Child processes that end with the process that starts them, even if it is killed by SIGKILL."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import secret_scan
from waiting import DEADLINE

SANITIZERS = ["ASAN_OPTIONS", "TSAN_OPTIONS", "UBSAN_OPTIONS"]
"""The options of scripts/sanitize. A child gets them even with an environment of its own."""

_starter = ThreadPoolExecutor(1, "child-starter")
"""Its thread runs as long as this process."""


def tied(arguments: Sequence[str | Path]) -> list[str]:
    """A command line whose process the kernel kills when the thread that started it ends (prctl(2), PR_SET_PDEATHSIG).

    The shell does not start it where its parent ended before setpriv had asked for the signal. A program that changes
    its user loses the signal and has to ask again. Signals that this process ignores, as a job in the background does
    with SIGINT, have their default action again.
    """
    setpriv = shutil.which("setpriv")
    plain = [str(argument) for argument in arguments]
    if sys.platform != "linux" or setpriv is None:
        return plain
    check = 'test "$PPID" = "$0" && exec "$@"'
    tie = [setpriv, "--pdeathsig", "KILL", "/bin/sh", "-c", check, str(os.getpid())]
    return [*tie, "env", "--default-signal", *plain]


def start(arguments: Sequence[str | Path], **options: Any) -> subprocess.Popen[bytes]:
    """Starts a child in the background. It ends with this process at the latest, but not with the calling thread."""
    if program := ours(arguments):
        for stream in ["stdout", "stderr"]:
            name = getattr(options.get(stream), "name", None)
            if isinstance(name, str):
                secret_scan.RUN.file(f"{program} {stream}", Path(name))
    return _starter.submit(subprocess.Popen, tied(arguments), **with_sanitizers(options)).result()


def run(arguments: Sequence[str | Path], **options: Any) -> subprocess.CompletedProcess[str]:
    """Runs a child until it exits. Its output is text."""
    given = with_sanitizers(options)
    ended = subprocess.run(tied(arguments), capture_output=True, text=True, timeout=DEADLINE, **given)
    if program := ours(arguments):
        for part in [ended.stdout, ended.stderr]:
            secret_scan.RUN.text(f"{program} commands", part, " ".join(str(word) for word in arguments))
    return ended


def with_sanitizers(options: dict[str, Any]) -> dict[str, Any]:
    """The options of a child, whose environment also has the options of sanitizers."""
    if options.get("env") is None:
        return options
    inherited = {name: os.environ[name] for name in SANITIZERS if name in os.environ}
    return {**options, "env": {**inherited, **options["env"]}}


def ours(arguments: Sequence[str | Path]) -> str | None:
    """The program of this project that a command line starts."""
    names = [Path(word).name for word in arguments]
    return next((name for name in names if name in ("sts-gateway", "sts-sidecar", "sts-node")), None)


def end(process: subprocess.Popen[bytes], number: signal.Signals = signal.SIGTERM) -> int:
    """Sends the signal and waits; returns the exit status."""
    process.send_signal(number)
    return process.wait(DEADLINE)


def kill(process: subprocess.Popen[bytes] | None) -> None:
    """Kills the process if it is running."""
    if process is not None and process.poll() is None:
        end(process, signal.SIGKILL)

