"""Two gateways on one key directory: one rotates and publishes, both sign."""

import signal
import time
from concurrent.futures import ThreadPoolExecutor

from .rings import kids, locked
from .scenarios import scenario
from .stage import Client, Gateway, Stage, Watcher, active, until

RATE = 40


def pair(stage: Stage) -> tuple[Gateway, Gateway, Watcher, Client]:
    """The first one leads."""
    leader = stage.gateway().add().serve()
    until(lambda: leader.is_leading, 5, "the leader")
    other = stage.gateway(leader).serve()
    leader.settle()
    return leader, other, stage.watch(leader), stage.client(leader, other, rate=RATE)


def finish(watcher: Watcher, client: Client, *gateways: Gateway) -> None:
    """All of them sign with the one new key, the newest ring's documents are out, and nobody has noticed."""
    until(lambda: gateways[0].has("retiring"), 40, "the end of the rotation")
    new = active(gateways[0])
    for gateway in gateways:
        until(lambda one=gateway: client.first(new, one), 5, "a token of the new key from every gateway")
    time.sleep(3)
    client.stop()
    watcher.stop()
    client.check()
    watcher.check(keys=2)
    first = [client.first(new, gateway) or 0 for gateway in gateways]
    assert max(first) - min(first) < 2, "seconds between the first signatures of the gateways"
    assert gateways[0].published() == set(watcher.kids)
    assert client.kids(max(first) + 0.1) == {new}, "nobody goes back to the old key"


@scenario
def test_one_command_makes_one_key_and_both_gateways_sign_with_it_within_two_seconds(stage: Stage) -> None:
    leader, other, watcher, client = pair(stage)
    new = leader.rotate()
    finish(watcher, client, leader, other)
    assert active(leader) == new


@scenario
def test_commands_at_the_same_time_make_one_key_and_say_so(stage: Stage) -> None:
    leader, other, watcher, client = pair(stage)
    commands = [leader, other] * 2
    leader.write()
    with ThreadPoolExecutor(len(commands)) as pool:
        made = list(pool.map(Gateway.rotate, commands))
    assert len(set(made)) == 1
    assert leader.said.count("under way already") + other.said.count("under way already") == len(commands) - 1
    finish(watcher, client, leader, other)
    assert active(leader) == made[0]


@scenario
def test_where_the_leader_is_killed_in_the_midst_the_other_goes_on(stage: Stage) -> None:
    leader, other, watcher, client = pair(stage)
    leader.rotate()
    until(lambda: leader.has("published"), 40, "a key that is published")
    client.gateways = [other]
    leader.kill()
    finish(watcher, client, other)
    assert other.is_leading


@scenario
def test_a_leader_that_was_stopped_in_the_midst_undoes_nothing_when_it_goes_on(stage: Stage) -> None:
    """It is stopped at a write, with all that it needs for it; its lock is taken away, as a Lease would end."""
    leader, other, watcher, client = pair(stage)
    leader.rotate()
    until(lambda: leader.has("published"), 40, "a key that is published")
    with locked(leader.keys / "one.keyring.json.lock"):
        until(leader.waits_for_a_lock, 40, "the leader's write")
        client.gateways = [other]
        time.sleep(0.1)
        leader.signal(signal.SIGSTOP)
        # It must not have the lock when it has stopped.
        until(lambda: leader.is_stopped, 5, "the leader's stop")
    (leader.keys / "leader.lock").unlink()
    until(lambda: other.is_leading, 10, "the other's lead")
    until(lambda: other.has("retiring"), 40, "the end of the rotation")
    ended = other.ring()
    leader.signal(signal.SIGCONT)
    until(lambda: not leader.is_leading, 5, "the leader's step down")
    assert other.ring() == ended
    client.gateways = [leader, other]
    until(lambda: client.first(active(other), leader), 2, "a token of the new key from the old leader")
    time.sleep(3)
    client.stop()
    watcher.stop()
    client.check()
    watcher.check(keys=2)
    assert other.ring() == ended and other.published() == set(kids(ended))
    resumed = [one.kid for one in client.exchanges if one.gateway is leader and one.status == 200]
    assert resumed[-1] == active(other)


@scenario
def test_a_stopped_leader_keeps_the_other_from_signing_nothing(stage: Stage) -> None:
    """Nobody takes its lock away: the rotation waits, and goes on with it."""
    leader, other, watcher, client = pair(stage)
    leader.rotate()
    until(lambda: leader.has("prepared"), 10, "a key that is prepared")
    client.gateways = [other]
    time.sleep(0.1)
    leader.signal(signal.SIGSTOP)
    time.sleep(5)
    leader.signal(signal.SIGCONT)
    time.sleep(1)
    client.gateways = [leader, other]
    finish(watcher, client, leader, other)


@scenario
def test_a_ring_that_somebody_holds_the_lock_of_keeps_no_request_waiting(stage: Stage) -> None:
    """As a gateway does that is stopped in the midst of a write, or an operator's editor."""
    gateway = stage.gateway()
    names = ["one", "two", "three", "four"]
    for name in names:
        gateway.add(name)
    gateway.serve().settle()
    clients = [stage.client(gateway, endpoint=name, rate=5) for name in names]
    held = [locked(gateway.keys / f"{name}.keyring.json.lock") for name in names[1:]]
    for name in names[1:]:
        gateway.age(name)
    for lock in held:
        lock.__enter__()
    try:
        time.sleep(5)
        for client in clients:
            until(lambda one=client: one.exchanges[-1].ended > time.monotonic() - 1, 2, "an exchange in this second")
    finally:
        for lock in held:
            lock.__exit__(None, None, None)
    for name in names[1:]:
        until(lambda one=name: gateway.has("retiring", one), 40, "the end of the rotation")
    for client in clients:
        client.stop()
        client.check()
        slowest = max(one.ended - one.began for one in client.exchanges)
        assert slowest < 2, f"{slowest:.1f} s for an exchange of {client.endpoint}"
