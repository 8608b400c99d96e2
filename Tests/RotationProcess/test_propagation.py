"""A new key signs soon after its propagation; without a publisher, after the upload."""

import datetime
import json

from waiting import until

from .rings import key_in
from .scenarios import scenario
from .stage import Gateway, Stage, active


def seconds_from_sight_to_signing(gateway: Gateway) -> float:
    """The times of the active key in the key ring."""
    key = key_in(gateway.ring(), "active")
    seen, signs = (datetime.datetime.fromisoformat(key[name]) for name in ["published", "activated"])
    return (signs - seen).total_seconds()


def rotates_in_time(stage: Stage, gateway: Gateway) -> None:
    watcher, client = stage.watch(gateway), stage.client(gateway, rate=20)
    new = gateway.rotate()
    until(lambda: active(gateway) == new, "the new key's first signature")
    until(lambda: new in client.kids(), "a token of the new key")
    client.end()
    watcher.stop()
    assert 2 <= seconds_from_sight_to_signing(gateway)


@scenario
def test_a_new_key_signs_after_its_propagation_with_a_long_probe_interval(stage: Stage) -> None:
    gateway = stage.gateway().add()
    # Longer than the deadline of a test.
    gateway.endpoints["one"]["publish"]["probe"]["interval"] = "24h"
    rotates_in_time(stage, gateway.serve().settle())


@scenario
def test_a_new_key_signs_after_its_propagation_without_a_probe(stage: Stage) -> None:
    """Without a probe, published documents are assumed to be visible."""
    gateway = stage.gateway().add()
    gateway.endpoints["one"]["publish"]["probe"] = {"enabled": False}
    rotates_in_time(stage, gateway.serve().settle())


def upload(gateway: Gateway) -> None:
    """As operators did before a gateway published: what /issuer-docs shows, to where the issuer URL serves it."""
    status, content = gateway.call("GET", "/one/issuer-docs")
    assert status == 200
    documents = json.loads(content)
    for path, text in {"certs": documents["keys"], ".well-known/openid-configuration": documents["discovery"]}.items():
        file = gateway.public() / path
        file.parent.mkdir(exist_ok=True)
        new = file.with_name("new")
        new.write_text(text)
        new.rename(file)


@scenario
def test_without_a_publisher_a_new_key_waits_for_the_operators_upload_and_status_says_so(stage: Stage) -> None:
    gateway = stage.gateway().add()
    gateway.endpoints["one"]["publish"] = {"probe": gateway.endpoints["one"]["publish"]["probe"]}
    gateway.serve()
    upload(gateway)
    watcher, client = stage.watch(gateway), stage.client(gateway, rate=20)
    old, new = active(gateway), gateway.rotate()
    seen = stage.issuer.readings[gateway.host()]
    until(lambda: stage.issuer.readings[gateway.host()] >= seen + 2, "another look at the public URL")
    client.goes_on()
    assert active(gateway) == old and gateway.published() == {old}, "it publishes nothing by itself"
    status = gateway.command("keys", "status", "--endpoint", "one").stdout
    assert f"{new}" in status and "waiting since" in status and "upload" in status, status
    upload(gateway)
    until(lambda: active(gateway) == new, "the new key's first signature")
    until(lambda: new in client.kids(), "a token of the new key")
    client.end()
    watcher.stop()
    watcher.check(keys=2)
    assert 2 <= seconds_from_sight_to_signing(gateway)
