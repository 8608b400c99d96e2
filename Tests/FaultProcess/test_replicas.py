"""A replica fails, with and without a revocation at that moment."""

import signal
import time
from collections.abc import Callable

import pytest
from RotationProcess.clocks import COMPILER, shift
from waiting import until

from .conftest import LONG, Record, last, long
from .outage import Outage, Replica


def kill(outage: Outage, leader: Replica) -> None:
    leader.kill()


def restart(outage: Outage, leader: Replica) -> None:
    leader.serve()


def freeze(outage: Outage, leader: Replica) -> None:
    leader.signal(signal.SIGSTOP)
    until(lambda: leader.is_stopped, "the stop of every thread")


def resume(outage: Outage, leader: Replica) -> None:
    leader.signal(signal.SIGCONT)


def cut(outage: Outage, leader: Replica) -> None:
    leader.relay.swallow()


def join(outage: Outage, leader: Replica) -> None:
    leader.relay.heal()


FAULTS: dict[str, tuple[Callable[[Outage, Replica], None], Callable[[Outage, Replica], None]]] = {
    "the leader is killed": (kill, restart),
    "the leader is frozen, and goes on": (freeze, resume),
    "the leader's network to the API server is cut": (cut, join),
}


def other_leads(outage: Outage, leader: Replica) -> None:
    until(lambda: outage.leader not in (None, leader), "another leader")


@pytest.mark.parametrize("name", [name for name in FAULTS if LONG or "killed" in name])
def test_of_the_leader(name: str, outage: Outage, record: Record) -> None:
    begin, end = FAULTS[name]
    leader = outage.leader
    assert leader
    begin(outage, leader)
    other_leads(outage, leader)
    last(outage)
    end(outage, leader)
    record(outage.cost(name, time.monotonic()))


@pytest.mark.parametrize("name", [name for name in FAULTS if LONG or "cut" in name])
def test_with_a_revocation(name: str, outage: Outage, record: Record) -> None:
    """The active key is revoked while the fault lasts. In the end no replica signs with it."""
    begin, end = FAULTS[name]
    leader = outage.leader
    assert leader
    kid = next(key["kid"] for key in outage.keys if key["state"] == "active")
    begin(outage, leader)
    outage.revoke(kid)
    other_leads(outage, leader)
    until(lambda: outage.published and kid not in outage.published, "the publication without the key")
    end(outage, leader)
    ended = time.monotonic()
    for workload in outage.workloads:
        until(lambda one=workload: one.last_kid in outage.kids - {kid}, "tokens of the successor")
    record(outage.cost(f"{name}, and its key is revoked meanwhile", ended, revoked=kid))


@long
def test_all_replicas_killed(outage: Outage, record: Record) -> None:
    for replica in outage.replicas:
        replica.kill()
    for replica in outage.replicas:
        replica.serve()
    record(outage.cost("all replicas are killed", time.monotonic()))


def test_bad_configuration_and_restart(outage: Outage, record: Record) -> None:
    """A replica with a configuration that cannot be read does not start; the other one serves."""
    broken = outage.other
    broken.is_broken = True
    broken.kill()
    broken.launch()
    assert broken.process
    assert until(lambda: broken.process.poll(), "its end") == 78  # type: ignore[union-attr]
    outage.workloads[outage.replicas.index(outage.leader)].goes_on(20)  # type: ignore[arg-type]
    broken.is_broken = False
    broken.serve()
    record(outage.cost("a bad configuration, and a restart of one replica", time.monotonic()))


@long
@pytest.mark.skipif(COMPILER is None, reason="a C compiler is missing")
@pytest.mark.parametrize("minutes", [10, -10])
def test_clock(minutes: int, outage: Outage, record: Record) -> None:
    """The clock of the leader is wrong after a restart, and right after another one."""
    leader = outage.leader
    assert leader
    leader.kill()
    shift(leader, minutes / 1_440)
    leader.serve()
    last(outage)
    leader.kill()
    shift(leader, 0)
    leader.serve()
    record(outage.cost(f"the leader's clock is {abs(minutes)} min {'ahead' if minutes > 0 else 'behind'}", time.monotonic()))
