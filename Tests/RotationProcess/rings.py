"""Reads and writes key ring files."""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

LONG_AGO = "2020-01-01T00:00:00Z"
Ring = dict[str, Any]


@contextlib.contextmanager
def locked(file: Path) -> Iterator[None]:
    """Locks the key ring, as a gateway does before a write."""
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:
        return b""


def kids(ring: Ring, *states: str) -> list[str]:
    """The ids of the keys in these states, or of all keys."""
    return [key["kid"] for key in ring["keys"] if not states or key["state"] in states]


def states(ring: Ring) -> list[str]:
    return [key["state"] for key in ring["keys"]]


def key_in(ring: Ring, state: str) -> dict[str, Any]:
    return next(key for key in ring["keys"] if key["state"] == state)
