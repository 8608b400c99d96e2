"""The load of the soak: wrk at a share of the gateway's capacity, and a workload whose tokens verifiers check."""

import json
import os
import random
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import child_process
import gateway_program
from FaultProcess.outage import Workload
from joserfc import jws
from RotationProcess.client import Exchange
from RotationProcess.stage import Gateway
from waiting import until

SCRIPT = gateway_program.REPOSITORY / "Benchmarks/exchange/exchange.lua"
CONNECTIONS = 32
TOKENS = 64
"""ServiceAccount tokens that the load exchanges in turn; their reviews are cached for a while."""
TIMEOUT = 60
"""Seconds after which wrk counts an answer as an error. Its own 2 s are exceeded where a machine is busy."""
LIFETIME = 60
"""Seconds that a token is valid (`token.ttl`)."""


class SoakWorkload(Workload):
    """A workload that keeps nothing of what it has done but counts, so that a long run does not grow."""

    def start(self) -> "SoakWorkload":
        self.count = self.failed = 0
        self._young: list[tuple[float, str]] = []
        super().start()
        return self

    def goes_on(self, exchanges: int = 60) -> None:
        wanted = self.count + exchanges
        until(lambda: self.count >= wanted, f"{exchanges} more exchanges")

    def _exchange(self, gateway: Gateway) -> None:
        began = time.monotonic()
        status, content = self._call(gateway)
        self.count += 1
        if status != 200:
            self.failed += 1
            reason = content.decode(errors="replace")
            self.exchanges = [*self.exchanges[-9:], Exchange(gateway, began, began, status, reason=reason)]
            return
        token = json.loads(content)["access_token"]
        kid = jws.extract_compact(token.encode()).headers()["kid"]
        self.exchanges = [*self.exchanges[-9:], Exchange(gateway, began, time.monotonic(), status, kid)]
        # A verifier may get a token at any time of its life.
        self._young = [one for one in self._young if began - one[0] < LIFETIME - 2] + [(began, token)]
        for one in [token, random.choice(self._young)[1]]:
            self.verified += 1
            if problem := random.choice(self._verifiers).verify(one):
                self.unverified.append(f"{time.strftime('%H:%M:%S')} {problem}")


@dataclass
class Load:
    """wrk against one endpoint, in windows of some seconds, until it is stopped."""

    url: str
    folder: Path
    identity: Path
    requests: int = 0
    errors: int = 0
    seconds: float = 0
    _ends: threading.Event = field(default_factory=threading.Event)
    _pause: int = 0

    def prepare(self) -> "Load":
        forms = [gateway_program.exchange_form(self.identity) for _ in range(TOKENS)]
        tokens = [re.search(r"subject_token=([^&]+)", form)[1] for form in forms]
        (self.folder / "tokens").write_text("".join(f"{token}\n" for token in tokens))
        return self

    def window(self, seconds: int, pause: int = 0) -> tuple[int, int]:
        """Requests and errors of so many seconds."""
        ended = child_process.run(
            ["wrk", "-t", "1", "-c", str(CONNECTIONS), "-d", f"{seconds}s", "--timeout", f"{TIMEOUT}s", "-s", SCRIPT, self.url],
            env={**os.environ, "TOKENS": str(self.folder / "tokens"), "DELAY": str(pause)},
        )
        found = re.search(r"RESULT (\d+) (\d+)", ended.stdout)
        assert found, ended.stdout + ended.stderr
        return int(found[1]), int(found[2])

    def capacity(self) -> float:
        """Exchanges per second without pauses."""
        self.window(2)
        requests, errors = self.window(10)
        assert errors == 0
        return requests / 10

    def start(self, rate: float, window: int, between: Callable[[], None]) -> None:
        """Keeps about that rate; each window corrects the pause between two requests of a connection.

        `between` is called between two windows: the load has no connection then. During a window it has as many as the
        machine lets it open.
        """
        self._pause = round(CONNECTIONS * 1000 / rate)

        def go_on() -> None:
            while not self._ends.is_set():
                began = time.monotonic()
                requests, errors = self.window(window, self._pause)
                self.requests, self.errors = self.requests + requests, self.errors + errors
                self.seconds += time.monotonic() - began
                # The pause and the time of an answer make up a connection's turn.
                turn = CONNECTIONS * window * 1000 / max(1, requests)
                self._pause = max(0, round(self._pause + CONNECTIONS * 1000 / rate - turn))
                between()

        self._thread = threading.Thread(target=go_on, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._ends.set()
        self._thread.join()

