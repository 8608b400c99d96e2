"""kill -9 in the midst of a rotation, before a client that exchanges and verifies 50 times a second."""

import random
import time

from .rings import kids
from .scenarios import scenario
from .stage import Client, Gateway, Stage, Watcher, active, until

STEPS = ["prepared", "published", "retiring"]
KILLS = 6
LONGEST = 4.0
"""Seconds from one start to the next kill."""


def begin(stage: Stage) -> tuple[Gateway, Watcher, Client]:
    gateway = stage.gateway().add().serve().settle()
    return gateway, stage.watch(gateway), stage.client(gateway)


def finish(gateway: Gateway, watcher: Watcher, client: Client) -> None:
    """The rotation has come to its end, with one new key, and nobody has noticed."""
    until(lambda: gateway.has("retiring"), 40, "the end of the rotation")
    new = active(gateway)
    until(lambda: new in client.kids(), 5, "a token of the new key")
    time.sleep(3)
    client.stop()
    watcher.stop()
    client.check()
    watcher.check(keys=2)
    assert client.kids() == set(watcher.kids), "both keys have signed"
    assert client.kids(client.exchanges[-1].began - 2) == {new}
    assert gateway.published() == set(watcher.kids), "the old key stays in the key set"


def is_alone(gateway: Gateway, kid: str) -> bool:
    return kids(gateway.ring()) == [kid] and gateway.published() == {kid}


@scenario
def test_a_rotation_killed_after_each_step_ends_with_one_new_key_and_no_failed_verification(stage: Stage) -> None:
    gateway, watcher, client = begin(stage)
    gateway.age()
    for state in STEPS:
        until(lambda state=state: gateway.has(state), 40, f"a key that is {state}")
        gateway.kill()
        gateway.serve()
    finish(gateway, watcher, client)
    gateway.kill()
    gateway.end_retirement()
    gateway.serve()
    until(lambda: is_alone(gateway, watcher.kids[1]), 10, "the end of the old key after a restart")
    assert gateway.exchange() == 200


def killed_at_random(stage: Stage) -> None:
    seed = random.randrange(1 << 32)
    chance = random.Random(seed)
    gateway, watcher, client = begin(stage)
    gateway.age()
    offsets = [chance.uniform(0, LONGEST) for _ in range(KILLS)]
    for offset in offsets:
        time.sleep(offset)
        gateway.kill()
        gateway.serve()
    try:
        finish(gateway, watcher, client)
    except AssertionError as error:
        raise AssertionError(f"seed {seed}, kills after {[round(offset, 3) for offset in offsets]}: {error}") from error
    gateway.end_retirement()
    until(lambda: is_alone(gateway, watcher.kids[1]), 10, "the end of the old key while the gateway runs")
    assert gateway.exchange() == 200


@scenario
def test_a_rotation_killed_at_random_moments_ends_with_one_new_key_and_no_failed_verification(stage: Stage) -> None:
    killed_at_random(stage)


@scenario
def test_a_rotation_killed_at_other_random_moments_ends_so_as_well(stage: Stage) -> None:
    killed_at_random(stage)


@scenario
def test_a_rotation_killed_right_before_each_write_ends_with_one_new_key(stage: Stage) -> None:
    """The write is held up by its lock, and the gateway is killed while it waits for that."""
    gateway, watcher, client = begin(stage)
    gateway.age()
    for state in STEPS:
        gateway.kill_before_next_write()
        gateway.serve()
        until(lambda state=state: gateway.has(state), 40, f"a key that is {state}")
    finish(gateway, watcher, client)
