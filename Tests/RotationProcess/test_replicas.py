"""Two gateways on one key directory: one rotates and publishes, both sign."""

import contextlib
import signal
from concurrent.futures import ThreadPoolExecutor

from waiting import until

from .rings import kids
from .scenarios import scenario
from .stage import Client, Gateway, Stage, Watcher, active, aged, propagated

RATE = 40


def pair(stage: Stage, propagation: str = "2s") -> tuple[Gateway, Gateway, Watcher, Client]:
    """The first gateway is the leader."""
    leader = stage.gateway().add()
    leader.endpoints["one"]["rotation"]["propagation"] = propagation
    leader.serve()
    until(lambda: leader.is_leading, "the leader")
    other = stage.gateway(leader).serve()
    leader.settle()
    return leader, other, stage.watch(leader), stage.client(leader, other, rate=RATE)


def leave(client: Client, gateway: Gateway) -> None:
    """Returns once the client uses other gateways only."""
    client.gateways = [one for one in client.gateways if one is not gateway]
    client.goes_on(1)


def stop(gateway: Gateway) -> None:
    """Stops every thread until SIGCONT."""
    gateway.signal(signal.SIGSTOP)
    until(lambda: gateway.is_stopped, "the stop of every thread")


def finish(watcher: Watcher, client: Client, *gateways: Gateway) -> None:
    """All gateways sign with the new key, the current documents are published, and no verification failed."""
    until(lambda: gateways[0].has("retiring"), "the end of the rotation")
    new = active(gateways[0])
    for gateway in gateways:
        until(lambda one=gateway: client.first(new, one), "a token of the new key from every gateway")
    client.end()
    watcher.stop()
    watcher.check(keys=2)
    assert gateways[0].published() == set(watcher.kids)
    last = max(client.first(new, gateway) or 0 for gateway in gateways)
    assert client.kids(last) == {new}, "the old key does not sign again"


@scenario
def test_one_command_makes_one_key_and_both_gateways_sign_with_it(stage: Stage) -> None:
    leader, other, watcher, client = pair(stage)
    new = leader.rotate()
    finish(watcher, client, leader, other)
    assert active(leader) == new


@scenario
def test_commands_at_the_same_time_make_one_key_and_say_so(stage: Stage) -> None:
    leader, other, watcher, client = pair(stage)
    commands = [leader, other] * 2
    leader.write()
    stage.issuer.hold(leader.host())
    with ThreadPoolExecutor(len(commands)) as pool:
        made = list(pool.map(Gateway.rotate, commands))
    assert len(set(made)) == 1
    busy = "already in progress"
    assert leader.said.count(busy) + other.said.count(busy) == len(commands) - 1
    stage.issuer.release(leader.host())
    finish(watcher, client, leader, other)
    assert active(leader) == made[0]


@scenario
def test_after_the_leader_is_killed_during_a_rotation_the_other_continues(stage: Stage) -> None:
    leader, other, watcher, client = pair(stage)
    leader.rotate()
    until(lambda: leader.has_reached("published"), "a key that is published")
    client.gateways = [other]
    leader.kill()
    finish(watcher, client, other)
    assert other.is_leading


@scenario
def test_a_leader_that_was_suspended_during_a_rotation_undoes_nothing_when_it_continues(stage: Stage) -> None:
    """It is stopped at a write, with all that it needs for it; its lock is taken away, as a Lease would end."""
    leader, other, watcher, client = pair(stage, propagation="24h")
    new = leader.rotate()
    until(lambda: leader.has("published") and client.all_know(new), "a key that is published")
    with leader.locked():
        leader.edit_locked(propagated)
        until(leader.waits_for_a_lock, "the leader's write")
        leave(client, leader)
        # It must not have the lock when it has stopped.
        stop(leader)
    (leader.keys / "leader.lock").unlink()
    until(lambda: other.is_leading, "the other's lead")
    until(lambda: other.has("retiring"), "the end of the rotation")
    ended = other.ring()
    leader.signal(signal.SIGCONT)
    until(lambda: not leader.is_leading, "the leader's step down")
    assert other.ring() == ended
    client.gateways = [leader, other]
    until(lambda: client.first(active(other), leader), "a token of the new key from the old leader")
    client.end()
    watcher.stop()
    watcher.check(keys=2)
    assert other.ring() == ended and other.published() == set(kids(ended))
    resumed = [one.kid for one in client.exchanges if one.gateway is leader and one.status == 200]
    assert resumed[-1] == active(other)


@scenario
def test_a_suspended_leader_does_not_stop_the_other_from_signing(stage: Stage) -> None:
    """It keeps its lock: the rotation waits and continues with it."""
    leader, other, watcher, client = pair(stage)
    stage.issuer.hold(leader.host())
    leader.rotate()
    leave(client, leader)
    stop(leader)
    stage.issuer.release(leader.host())
    client.goes_on(200)
    assert leader.has("prepared"), "only the leader continues the rotation"
    leader.signal(signal.SIGCONT)
    until(lambda: leader.exchange() == 200, "a token of the leader")
    client.gateways = [leader, other]
    finish(watcher, client, leader, other)


@scenario
def test_a_locked_ring_does_not_block_requests(stage: Stage) -> None:
    """As a gateway does that is stopped in the midst of a write, or an operator's editor."""
    gateway = stage.gateway()
    names = ["one", "two", "three", "four"]
    for name in names:
        gateway.add(name)
    gateway.serve().settle()
    clients = [stage.client(gateway, endpoint=name, rate=5) for name in names]
    with contextlib.ExitStack() as held:
        for name in names[1:]:
            held.enter_context(gateway.locked(name))
            gateway.edit_locked(aged, name)
        for name in names[1:]:
            until(lambda one=name: gateway.waits_for_a_lock(one), f"a write of {name}")
        for client in clients:
            client.goes_on(10)
        assert all(len(kids(gateway.ring(name))) == 1 for name in names[1:]), "no write has come to its end"
    for name in names[1:]:
        until(lambda one=name: gateway.has("retiring", one), "the end of the rotation")
    for client in clients:
        client.end()
