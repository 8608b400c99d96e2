"""Waits for an event. The only deadline is for hangs: no result of a test depends on the duration of an event."""

import os
import threading
import time
from collections.abc import Callable
from typing import Any

DEADLINE = float(os.environ.get("STS_TEST_DEADLINE", "600"))
"""Seconds after which a test or a peer assumes a hang of an event, a connection or a child process."""

_INTERVAL = 0.03
"""Seconds between two checks of a condition."""

_given_up = threading.Event()


def until(condition: Callable[[], Any], what: str = "the condition") -> Any:
    """Waits for a true value of the condition and returns it. Fails after DEADLINE."""
    end = time.monotonic() + DEADLINE
    while not (value := condition()):
        assert time.monotonic() < end, f"{what}: not within {DEADLINE:.0f} s"
        assert not _given_up.wait(_INTERVAL), f"{what}: the run ends"
    return value


def give_up() -> None:
    """Fails every wait of this process from now on, so that threads which wait end before the run does."""
    _given_up.set()
