"""Watches one key ring and its published documents."""

import contextlib
import json
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from waiting import DEADLINE

from .rings import Ring, kids, read, states

if TYPE_CHECKING:
    from .stage import Gateway


@dataclass
class Watcher:
    """Reads the key ring and the published key set of an endpoint continuously."""

    gateway: "Gateway"
    endpoint: str = "one"
    rings: list[Ring] = field(default_factory=list)
    """Every observed key ring in order."""
    sets: list[set[str]] = field(default_factory=list)
    """Every observed key set in order."""

    def start(self) -> "Watcher":
        self._last = b"", b""
        self._look()
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        return self

    def stop(self) -> None:
        self._ends.set()
        self._thread.join(DEADLINE)
        self._look()

    def _run(self) -> None:
        while not self._ends.wait(0.015):
            self._look()

    def _look(self) -> None:
        ring = read(self.gateway.ring_file(self.endpoint))
        published = read(self.gateway.public(self.endpoint) / "certs")
        if ring and ring != self._last[0]:
            with contextlib.suppress(ValueError):
                self.rings.append(json.loads(ring))
        if published and published != self._last[1]:
            self.sets.append({key["kid"] for key in json.loads(published)["keys"]})
        self._last = ring, published

    @property
    def kids(self) -> list[str]:
        """The kids of all keys in the order of their creation."""
        return list(dict.fromkeys(kid for ring in self.rings for kid in kids(ring)))

    def check(self, keys: int) -> None:
        """Checks the number of keys, that one key was always active, and that no publication was undone."""
        assert len(self.kids) == keys, f"keys that were made: {self.kids}"
        for ring in self.rings:
            assert len([key for key in ring["keys"] if key["state"] == "active"]) == 1, states(ring)
        revisions = [ring["revision"] for ring in self.rings]
        assert revisions == sorted(revisions), revisions
