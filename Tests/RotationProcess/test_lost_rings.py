"""Rings that are deleted, or put back from a backup, while the gateway runs: the one that verifiers know stays."""

import time

from .rings import kids, read
from .scenarios import scenario
from .stage import Gateway, Stage, active, until


def restores(gateway: Gateway) -> None:
    """A ring that is deleted: the same keys and the same owner, under a later revision."""
    before = gateway.ring()
    gateway.ring_file().unlink()
    until(lambda: gateway.ring_file().exists(), 5, "the restored ring")
    after = gateway.ring()
    assert after["keys"] == before["keys"] and after["owner"] == before["owner"]
    assert after["revision"] > before["revision"]
    assert gateway.ring_file().stat().st_mode & 0o777 == 0o600


@scenario
def test_a_ring_that_is_deleted_is_restored_from_memory_within_seconds(stage: Stage) -> None:
    gateway = stage.gateway().add().serve().settle()
    client = stage.client(gateway, rate=20)
    for _ in range(2):
        time.sleep(2)
        restores(gateway)
    client.stop()
    client.check()
    assert client.kids() == {active(gateway)} and gateway.published() == {active(gateway)}


@scenario
def test_a_ring_that_is_deleted_again_right_after_it_was_restored_is_restored_again(stage: Stage) -> None:
    gateway = stage.gateway().add().serve().settle()
    for _ in range(3):
        restores(gateway)


@scenario
def test_a_bad_ring_that_is_deleted_is_restored_from_memory_too(stage: Stage) -> None:
    gateway = stage.gateway().add().serve().settle()
    before = gateway.ring()
    gateway.put(b"garbage")
    until(gateway.problem, 5, "the problem")
    gateway.ring_file().unlink()
    until(lambda: read(gateway.ring_file()).startswith(b"{"), 5, "the restored ring")
    assert gateway.ring()["keys"] == before["keys"]
    until(lambda: not gateway.problem(), 5, "the end of the problem")


@scenario
def test_a_ring_that_is_deleted_in_the_midst_of_a_rotation_makes_no_further_key(stage: Stage) -> None:
    gateway = stage.gateway().add().serve().settle()
    watcher, client = stage.watch(gateway), stage.client(gateway, rate=20)
    new = gateway.rotate()
    until(lambda: new in gateway.published(), 10, "the publication")
    gateway.ring_file().unlink()
    until(lambda: gateway.ring_file().exists(), 5, "the restored ring")
    until(lambda: gateway.has("retiring"), 40, "the end of the rotation")
    time_of_new = until(lambda: client.first(new, gateway), 5, "a token of the new key")
    client.stop()
    watcher.stop()
    assert time_of_new and active(gateway) == new
    client.check()
    watcher.check(keys=2)


@scenario
def test_an_older_ring_that_is_put_back_costs_no_token_and_is_said_or_taken(stage: Stage) -> None:
    """From a backup, in the midst of a rotation: the next write finds another ring than it goes by."""
    gateway = stage.gateway().add().serve().settle()
    backup = gateway.ring_file().read_bytes()
    client = stage.client(gateway, rate=20)
    stage.issuer.hold(gateway.host())
    new = gateway.rotate()
    until(lambda: new in gateway.published(), 10, "the publication")
    gateway.put(backup)
    stage.issuer.held.clear()
    time.sleep(14)
    used = gateway.cpu()
    time.sleep(3)
    used = gateway.cpu() - used
    client.stop()
    client.check()
    assert used < 1, f"{used:.1f} s of CPU in 3 s"
    assert gateway.problem() or client.kids(client.exchanges[-1].began - 1) == {active(gateway)}, "what signs is stored"
    assert gateway.problem() or gateway.published() == set(kids(gateway.ring())), "what is published is stored"
