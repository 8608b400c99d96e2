"""Endpoints that are removed from the configuration while tokens of their keys may still be valid."""

from waiting import until

from .rings import LONG_AGO
from .scenarios import scenario
from .stage import Gateway, Stage


def status(gateway: Gateway, path: str = "/two/certs") -> int:
    return gateway.call("GET", path)[0]


@scenario
def test_documents_of_a_removed_endpoint_are_served_after_restarts_until_its_last_token_has_ended(stage: Stage) -> None:
    gateway = stage.gateway().add().add("two").serve().settle()
    assert gateway.exchange("two") == 200
    until(lambda: "issuer" in gateway.ring("two"), "the record of the issuer")
    before = gateway.documents("two")
    gateway.stop()
    removed = gateway.endpoints.pop("two")
    for _ in range(2):
        gateway.serve()
        assert status(gateway) == 200 and gateway.documents("two") == before
        assert gateway.exchange("two") == 404 and gateway.exchange() == 200
        until(lambda: "removed" in gateway.ring("two")["issuer"], "the record of the removal")
        gateway.stop()
    refused = gateway.command("keys", "purge", "--endpoint", "two")
    assert refused.returncode == 69 and "may be valid until" in refused.stderr, refused.stderr

    gateway.serve()
    gateway.edit(lambda ring: ring["issuer"].update(removed=LONG_AGO), "two")
    until(lambda: status(gateway) == 404, "the end of the documents")
    gateway.stop()
    gateway.serve()
    until(lambda: status(gateway, "/one/certs") == 200, "the other endpoint")
    assert status(gateway) == 404
    gateway.endpoints["two"] = removed
    gateway.stop()
    gateway.serve().settle()
    assert gateway.exchange("two") == 200 and gateway.documents("two") == before
    until(lambda: "removed" not in gateway.ring("two")["issuer"], "the end of the removal")


@scenario
def test_a_ring_can_be_purged_without_force_after_the_last_token(stage: Stage) -> None:
    gateway = stage.gateway().add().add("two").serve().settle()
    until(lambda: "issuer" in gateway.ring("two"), "the record of the issuer")
    gateway.stop()
    del gateway.endpoints["two"]
    gateway.edit(lambda ring: ring["issuer"].update(removed=LONG_AGO), "two")
    ended = gateway.command("keys", "purge", "--endpoint", "two")
    assert ended.returncode == 0 and not gateway.ring_file("two").exists(), ended.stderr
