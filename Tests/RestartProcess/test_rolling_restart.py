"""A rolling restart under load: every request is answered, and the keys stay."""

from pathlib import Path

from gateway_program import built_program, exchange_form

from .balancer import Balancer
from .replica import Replica


def test_no_request_fails_while_every_replica_is_replaced(shared: Path, tmp_path: Path) -> None:
    made: list[Replica] = []

    def start() -> Replica:
        folder = tmp_path / f"replica-{len(made)}"
        folder.mkdir()
        replica = Replica(built_program(), folder, shared / "cluster", shared / "pki", place=tmp_path).endpoint()
        made.append(replica)
        replica.serve()
        return replica

    try:
        form = exchange_form(shared / "cluster")
        balancer = Balancer(form, shared / "pki/ca.pem", [start(), start()]).start(clients=6)
        first = list(balancer.replicas)
        for old in first:
            # One more before one less, as a Deployment with maxUnavailable 0.
            balancer.add(start())
            old.stop()
            balancer.remove(old)
        balancer.stop()
    finally:
        for replica in made:
            replica.kill()
    assert balancer.failures == []
    assert len(balancer.answers) > 200
    assert len(balancer.by_replica) == 4, "old and new ones have answered"
