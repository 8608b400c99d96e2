"""Restarts create no keys."""

import random
import time

from waiting import until

from .scenarios import scenario
from .stage import Stage, active

RESTARTS = 20


@scenario
def test_twenty_restarts_half_of_them_killed_during_the_start_create_one_key_per_endpoint(stage: Stage) -> None:
    """It begins with an empty directory, so that the creation of the first key is interrupted too."""
    seed = random.randrange(1 << 32)
    chance = random.Random(seed)
    begin = time.monotonic()
    stage.gateway().add().add("two").add("three").serve().kill()
    # What a whole start takes on this machine: the kills fall within.
    start = time.monotonic() - begin
    gateway = stage.gateway().add().add("two").add("three")
    watchers = [stage.watch(gateway, name) for name in gateway.endpoints]
    for restart in range(RESTARTS):
        if restart % 2 == 0:
            gateway.launch()
            time.sleep(chance.uniform(0, start))
            gateway.kill()
        else:
            gateway.serve()
            gateway.stop() if restart % 4 == 1 else gateway.kill()
    gateway.serve().settle()
    assert [gateway.exchange(name) for name in gateway.endpoints] == [200] * 3
    for watcher in watchers:
        watcher.stop()
        assert len(watcher.kids) == 1, f"seed {seed}: {watcher.kids}"
        watcher.check(keys=1)
        assert gateway.published(watcher.endpoint) == set(watcher.kids), f"seed {seed}"
    assert sorted(file.name for file in gateway.keys.glob("*.keyring.json")) == [
        "one.keyring.json", "three.keyring.json", "two.keyring.json",
    ]  # fmt: skip


@scenario
def test_restarts_during_a_rotation_create_no_further_key(stage: Stage) -> None:
    gateway = stage.gateway().add().serve().settle()
    watcher = stage.watch(gateway)
    old, new = active(gateway), gateway.rotate()
    for restart in range(RESTARTS // 2):
        gateway.kill() if restart % 2 else gateway.stop()
        gateway.serve()
    until(lambda: gateway.has("retiring"), "the end of the rotation")
    watcher.stop()
    assert watcher.kids == [old, new] and active(gateway) == new
