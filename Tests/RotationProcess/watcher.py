"""An eye on one ring and on what is published of it."""

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
    """Looks at an endpoint's ring and at its published key set all the time."""

    gateway: "Gateway"
    endpoint: str = "one"
    rings: list[Ring] = field(default_factory=list)
    """Every ring that was seen, in order."""
    sets: list[set[str]] = field(default_factory=list)
    """Every published key set that was seen, in order."""

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
        """Of every key that there ever was, in the order in which they came."""
        return list(dict.fromkeys(kid for ring in self.rings for kid in kids(ring)))

    def check(self, keys: int) -> None:
        """There were never more keys than that, and always one that signs; what was published was never undone."""
        assert len(self.kids) == keys, f"keys that were made: {self.kids}"
        for ring in self.rings:
            assert len([key for key in ring["keys"] if key["state"] == "active"]) == 1, states(ring)
        revisions = [ring["revision"] for ring in self.rings]
        assert revisions == sorted(revisions), revisions
