"""Waits for an event. Its one deadline is for hangs: no test's outcome depends on how long an event takes."""

import os
import threading
import time
from collections.abc import Callable
from typing import Any

DEADLINE = float(os.environ.get("STS_TEST_DEADLINE", "600"))
"""Seconds after which a test or a peer takes what it waits for to hang: an event, a connection, a child's end."""

_INTERVAL = 0.03
"""Seconds between two looks at a condition."""

_given_up = threading.Event()


def until(condition: Callable[[], Any], what: str = "the condition") -> Any:
    """The condition's first true value. Fails where none comes before DEADLINE."""
    end = time.monotonic() + DEADLINE
    while not (value := condition()):
        assert time.monotonic() < end, f"{what}: not within {DEADLINE:.0f} s"
        assert not _given_up.wait(_INTERVAL), f"{what}: the run ends"
    return value


def give_up() -> None:
    """Fails every wait of this process from now on, so that threads which wait end before the run does."""
    _given_up.set()
