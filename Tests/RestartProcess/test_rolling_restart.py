"""A rolling restart under load: every request is answered, and the keys stay."""

import signal
import time
from pathlib import Path

import pytest
from built_programs import built_gateway
from gateway_program import exchange_form
from waiting import DEADLINE, until

from .balancer import Balancer
from .replica import Replica

DRAIN_DELAYS = [2, 8, 32, 128, 300]
"""Seconds; the last one is the maximum of the configuration."""


class Deployment:
    """Two replicas and a balancer in front of them."""

    def __init__(self, shared: Path, folder: Path, drain_delay: int) -> None:
        self._shared = shared
        self._folder = folder
        self._drain_delay = drain_delay
        self.replicas: list[Replica] = []
        self.balancer = Balancer(exchange_form(shared / "cluster"), shared / "pki/ca.pem")

    def start(self) -> Replica:
        folder = self._folder / f"replica-{len(self.replicas)}"
        folder.mkdir(parents=True)
        replica = Replica(
            built_gateway(), folder, self._shared / "cluster", self._shared / "pki", place=self._folder,
            drain_delay=self._drain_delay,
        ).endpoint()  # fmt: skip
        self.replicas.append(replica)
        replica.serve()
        self.balancer.add(replica)
        return replica

    def replace(self, old: Replica) -> bool:
        """Starts a new replica before it stops an old one, as with maxUnavailable 0.

        Returns whether every client had left the old replica while it was bound to serve. It is bound to for the drain
        delay; where this machine was too slow for that, a failed request is no evidence against the gateway.
        """
        new = self.start()
        until(lambda: self.balancer.answers.get(new.name), "a response of the new replica")
        assert old.process is not None
        bound_until = time.monotonic() + self._drain_delay
        old.process.send_signal(signal.SIGTERM)
        until(lambda: self.balancer.has_left(old), "clients that leave the old replica")
        is_in_time = time.monotonic() < bound_until
        assert old.process.wait(DEADLINE) == 0
        self.balancer.remove(old)
        return is_in_time

    def end(self) -> None:
        self.balancer.stop()
        for replica in self.replicas:
            replica.kill()


def test_no_request_fails_while_every_replica_is_replaced(shared: Path, tmp_path: Path) -> None:
    for drain_delay in DRAIN_DELAYS:
        deployment = Deployment(shared, tmp_path / str(drain_delay), drain_delay)
        balancer = deployment.balancer
        try:
            first = [deployment.start(), deployment.start()]
            balancer.start(clients=6)
            is_in_time = all([deployment.replace(old) for old in first])
            until(lambda: sum(balancer.answers.values()) > 200, "more answers")  # noqa: B023
        finally:
            deployment.end()
        if is_in_time:
            assert balancer.failures == []
            assert len(balancer.answers) == 4, "responses of old and new replicas"
            return
    pytest.fail(f"clients need more than {DRAIN_DELAYS[-1]} s to leave a replica on this machine")
