"""Key rings that are deleted or restored from a backup at run time: the published key ring stays in force."""

import signal
import time

from waiting import until

from .client import Client
from .rings import kids, read
from .scenarios import scenario
from .stage import Gateway, Stage, active


def restores(gateway: Gateway) -> None:
    """A ring that is deleted: the same keys and the same owner, under a later revision."""
    before = gateway.ring()
    gateway.ring_file().unlink()
    until(lambda: gateway.ring_file().exists(), "the restored ring")
    after = gateway.ring()
    assert after["keys"] == before["keys"] and after["owner"] == before["owner"]
    assert after["revision"] > before["revision"]
    assert gateway.ring_file().stat().st_mode & 0o777 == 0o600


@scenario
def test_a_deleted_ring_is_restored_from_memory(stage: Stage) -> None:
    gateway = stage.gateway().add().serve().settle()
    client = stage.client(gateway, rate=20)
    for _ in range(2):
        client.goes_on()
        restores(gateway)
    client.end()
    assert client.kids() == {active(gateway)} and gateway.published() == {active(gateway)}


@scenario
def test_a_ring_that_is_deleted_again_is_restored_again(stage: Stage) -> None:
    gateway = stage.gateway().add().serve().settle()
    for _ in range(3):
        restores(gateway)


@scenario
def test_a_deleted_invalid_ring_is_restored_from_memory_too(stage: Stage) -> None:
    gateway = stage.gateway().add().serve().settle()
    before = gateway.ring()
    gateway.put(b"garbage")
    until(gateway.problem, "the problem")
    gateway.ring_file().unlink()
    until(lambda: read(gateway.ring_file()).startswith(b"{"), "the restored ring")
    assert gateway.ring()["keys"] == before["keys"]
    until(lambda: not gateway.problem(), "the end of the problem")


@scenario
def test_a_ring_that_is_deleted_during_a_rotation_causes_no_further_key(stage: Stage) -> None:
    gateway = stage.gateway().add().serve().settle()
    watcher, client = stage.watch(gateway), stage.client(gateway, rate=20)
    new = gateway.rotate()
    until(lambda: new in gateway.published(), "the publication")
    gateway.ring_file().unlink()
    until(lambda: gateway.ring_file().exists(), "the restored ring")
    until(lambda: gateway.has("retiring"), "the end of the rotation")
    time_of_new = until(lambda: client.first(new, gateway), "a token of the new key")
    client.end()
    watcher.stop()
    assert time_of_new and active(gateway) == new
    watcher.check(keys=2)


@scenario
def test_an_older_ring_that_is_restored_causes_no_failed_exchange(stage: Stage) -> None:
    """From a backup, in the midst of a rotation: the next write finds another ring than it goes by."""
    gateway = stage.gateway().add().serve().settle()
    backup = gateway.ring_file().read_bytes()
    client = stage.client(gateway, rate=20)
    usual = processor_seconds(gateway, client)
    stage.issuer.hold(gateway.host())
    new = gateway.rotate()
    until(lambda: new in gateway.published(), "the publication")
    gateway.put(backup)
    stage.issuer.release(gateway.host())
    until(lambda: gateway.problem() or is_stored(gateway, client), "a problem, or one state of memory and ring")
    used = processor_seconds(gateway, client)
    assert used < 3 * usual + 0.5, f"{used:.1f} s of a processor for as many exchanges as took {usual:.1f} s before"
    client.end()
    assert gateway.problem() or is_stored(gateway, client)


@scenario
def test_a_replica_that_starts_while_the_ring_is_missing_creates_none(stage: Stage) -> None:
    leader = stage.gateway().add().serve().settle()
    before = leader.ring()
    paused(leader)
    leader.ring_file().unlink()
    other = stage.gateway(leader).serve()
    assert other.exchange() == 503 and not leader.ring_file().exists()
    assert "the leading gateway creates it" in other.problem()
    leader.signal(signal.SIGCONT)
    until(lambda: other.exchange() == 200, "the restored ring on the other gateway")
    after = leader.ring()
    assert after["owner"] == before["owner"] and after["keys"] == before["keys"]


@scenario
def test_a_leader_that_has_created_another_ring_yields_to_the_one_that_verifiers_know(stage: Stage) -> None:
    """The old leader is stopped, and the ring and the lock are taken away while a gateway starts that has never run."""
    leader = stage.gateway().add().serve().settle()
    client = stage.client(leader, rate=20)
    before = leader.ring()
    client.gateways = []
    paused(leader)
    leader.ring_file().unlink()
    (leader.keys / "leader.lock").unlink()
    other = stage.gateway(leader).serve()
    until(lambda: leader.ring_file().exists(), "the ring that the other creates")
    assert other.ring()["owner"] != before["owner"] and other.is_leading
    leader.signal(signal.SIGCONT)
    until(lambda: other.ring()["owner"] == before["owner"], "the ring that verifiers know")
    until(lambda: other.lines("key ring replaced by the stored one"), "the end of the conflict")
    assert other.ring()["keys"] == before["keys"] and leader.published() == set(kids(before))
    since = time.monotonic()
    client.gateways = [leader, other]
    client.goes_on()
    client.end()
    assert client.kids(since) == {active(leader)}


def paused(gateway: Gateway) -> None:
    """Every thread of it, until SIGCONT."""
    gateway.signal(signal.SIGSTOP)
    until(lambda: gateway.is_stopped, "the stop of every thread")


def is_stored(gateway: Gateway, client: Client) -> bool:
    """Whether the active key and the published keys are those of the stored key ring."""
    return client.exchanges[-1].kid == active(gateway) and gateway.published() == set(kids(gateway.ring()))


def processor_seconds(gateway: Gateway, client: Client) -> float:
    """What the gateway uses while it answers the next 100 exchanges."""
    before = gateway.cpu()
    client.goes_on(100)
    return gateway.cpu() - before
