"""SIGKILL during a rotation, with a client that exchanges and verifies 50 tokens per second."""

import random
import time

from waiting import until

from .rings import kids
from .scenarios import scenario
from .stage import STATES, Client, Gateway, Stage, Watcher, active, aged, propagated

KILLS = 6
MOST = 200
"""Exchanges from one start to the next kill."""


def begin(stage: Stage) -> tuple[Gateway, Watcher, Client]:
    gateway = stage.gateway().add().serve().settle()
    return gateway, stage.watch(gateway), stage.client(gateway)


def finish(gateway: Gateway, watcher: Watcher, client: Client) -> None:
    """The rotation has ended with one new key, and no verification failed."""
    until(lambda: gateway.has("retiring"), "the end of the rotation")
    new = active(gateway)
    until(lambda: new in client.kids(), "a token of the new key")
    since = time.monotonic()
    client.end()
    watcher.stop()
    watcher.check(keys=2)
    assert client.kids() == set(watcher.kids), "both keys have signed"
    assert client.kids(since) == {new}
    assert gateway.published() == set(watcher.kids), "the old key stays in the key set"


def is_alone(gateway: Gateway, kid: str) -> bool:
    return kids(gateway.ring()) == [kid] and gateway.published() == {kid}


@scenario
def test_a_rotation_killed_after_each_step_ends_with_one_new_key_and_no_failed_verification(stage: Stage) -> None:
    gateway, watcher, client = begin(stage)
    gateway.age()
    for state in STATES:
        until(lambda state=state: gateway.has_reached(state), f"a key that is {state}")
        gateway.kill()
        gateway.serve()
    finish(gateway, watcher, client)
    gateway.kill()
    gateway.end_retirement()
    gateway.serve()
    until(lambda: is_alone(gateway, watcher.kids[1]), "the end of the old key after a restart")
    assert gateway.exchange() == 200


def killed_at_random(stage: Stage) -> None:
    seed = random.randrange(1 << 32)
    chance = random.Random(seed)
    gateway, watcher, client = begin(stage)
    gateway.age()
    offsets = [chance.randrange(MOST) for _ in range(KILLS)]
    for offset in offsets:
        client.goes_on(offset)
        gateway.kill()
        gateway.serve()
    try:
        finish(gateway, watcher, client)
    except AssertionError as error:
        raise AssertionError(f"seed {seed}, kills after {offsets} exchanges: {error}") from error
    gateway.end_retirement()
    until(lambda: is_alone(gateway, watcher.kids[1]), "the end of the old key while the gateway runs")
    assert gateway.exchange() == 200


@scenario
def test_a_rotation_killed_at_random_moments_ends_with_one_new_key_and_no_failed_verification(stage: Stage) -> None:
    killed_at_random(stage)


@scenario
def test_a_rotation_killed_at_other_random_moments_ends_in_the_same_way(stage: Stage) -> None:
    killed_at_random(stage)


@scenario
def test_a_rotation_killed_right_before_each_write_ends_with_one_new_key(stage: Stage) -> None:
    """The write waits for its lock, and the gateway is killed while it waits.

    Each write has a cause that the test gives: an old key, a public URL that shows the new one, a propagation that ends.
    """
    gateway = stage.gateway().add()
    gateway.endpoints["one"]["rotation"]["propagation"] = "24h"
    gateway.serve().settle()
    watcher, client = stage.watch(gateway), stage.client(gateway)
    stage.issuer.hold(gateway.host())

    def end_propagation() -> None:
        until(lambda: client.all_know(kids(gateway.ring(), "published")[0]), "verifiers that know the new key")
        gateway.edit_locked(propagated)

    causes = [lambda: gateway.edit_locked(aged), lambda: stage.issuer.release(gateway.host()), end_propagation]
    for state, cause in zip(STATES, causes, strict=True):
        gateway.kill_before_next_write(cause)
        gateway.serve()
        until(lambda state=state: gateway.has(state), f"a key that is {state}")
    finish(gateway, watcher, client)
