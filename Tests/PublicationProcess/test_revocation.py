"""A revocation with `credentials: [self]` comes to its end, whatever becomes of the gateways meanwhile."""

import base64
import json
import math
import urllib.parse
from collections.abc import Callable

import pytest
from waiting import until

from .cloud import KEYS, Place, Surroundings
from .gateway_process import Gateway


def published_by_self(gateway: Gateway, place: Place, **more: object) -> Gateway:
    """An administrator has made the first publication; the gateway runs, and has a session by its own token."""
    assert gateway.publish().returncode == 0
    gateway.add(place, credentials=("self",), **more).serve()
    until(lambda: gateway.around.sts.requests("POST"), "a session")
    until(lambda: gateway.metric("sts_publish_last_success_timestamp_seconds", endpoint="one"), "the publication")
    return gateway


def revoke(gateway: Gateway, *which: str) -> None:
    ended = gateway.command("keys", "revoke", "--endpoint", "one", *which)
    assert ended.returncode == 0, ended.stdout + ended.stderr


def only_key(gateway: Gateway) -> str:
    """Of a ring that has one."""
    (key,) = gateway.ring()["keys"]
    return key["kid"]


def public_kids(gateway: Gateway, place: Place) -> set[str]:
    """What verifiers read."""
    answer = gateway.around.edge.answer(place.publication.domain, f"/{KEYS}")[0]
    return {key["kid"] for key in json.loads(answer.content)["keys"]}


def signer(gateway: Gateway) -> str:
    """The kid of the token in the last call of the STS."""
    form = urllib.parse.parse_qs(gateway.around.sts.requests("POST")[-1].body.decode())
    head = form["WebIdentityToken"][0].split(".")[0]
    return json.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)))["kid"]


def held_back(gateway: Gateway, place: Place) -> str:
    """The active key is revoked, while verifiers still read the key set that has it; its kid."""
    gateway.around.edge.delay = math.inf
    old = only_key(gateway)
    assert public_kids(gateway, place) == {old}
    revoke(gateway, "--active")
    until(lambda: gateway.exchange() == 503, "the refusal")
    return old


def restarted(gateway: Gateway) -> None:
    gateway.stop()
    gateway.serve()


def killed(gateway: Gateway) -> None:
    gateway.kill()
    gateway.serve()


def reloaded(gateway: Gateway) -> None:
    before = gateway.metric("sts_config_reload_total", result="applied") or 0
    gateway.endpoints["one"]["azRules"].append({"scope": "filter", "constraint": "(namespace=other)"})
    gateway.write()
    until(lambda: (gateway.metric("sts_config_reload_total", result="applied") or 0) > before, "the reload")


@pytest.mark.parametrize("event", [restarted, killed, reloaded])
def test_it_ends_after_the_leader_is(
    event: Callable[[Gateway], None], gateway: Gateway, place: Place, around: Surroundings
) -> None:
    published_by_self(gateway, place)
    old = held_back(gateway, place)
    sessions = len(around.sts.requests("POST"))
    event(gateway)
    assert gateway.exchange() == 503, "verifiers do not know the next key yet"
    if event is reloaded:
        assert len(around.sts.requests("POST")) == sessions, "the session survives"
    else:
        assert not around.cloud.sts_log[-1].startswith("refused"), "no token of a key that is not public is tried"
    around.edge.delay = 0
    until(lambda: gateway.exchange() == 200, "a token of the next key")
    new = only_key(gateway)
    assert new != old and public_kids(gateway, place) == {new}
    if event is not reloaded:
        until(lambda: len(around.sts.requests("POST")) > sessions, "a session by the next key")
        assert signer(gateway) == new
    gateway.stop()


def test_it_ends_after_all_replicas_are_restarted_and_another_leads(
    another: Callable[[], Gateway], place: Place
) -> None:
    first = published_by_self(another().add(place), place)
    second = another()
    second.endpoints = first.endpoints
    second.key_directory = first.keys
    second.serve()
    old = held_back(first, place)
    first.kill()
    until(lambda: second.lines("leader elected", endpoint=None), "the lead of the other")
    assert second.exchange() == 503
    second.kill()
    for gateway in [first, second]:
        gateway.serve()
    assert {gateway.exchange() for gateway in [first, second]} == {503}
    first.around.edge.delay = 0
    for gateway in [first, second]:
        until(lambda one=gateway: one.exchange() == 200, "a token of the next key")
    assert only_key(first) != old
    for gateway in [first, second]:
        gateway.stop()


def test_a_successor_is_revoked_too(gateway: Gateway, place: Place, around: Surroundings) -> None:
    published_by_self(gateway, place)
    first = held_back(gateway, place)
    second = only_key(gateway)
    gateway.kill()
    around.edge.delay = 0
    assert public_kids(gateway, place) == {second}
    # The command has no session either: the successor, which is public, signs for it.
    revoke(gateway, "--kid", second)
    assert signer(gateway) == second
    third = only_key(gateway)
    gateway.serve()
    until(lambda: gateway.exchange() == 200, "a token of the third key")
    assert len({first, second, third}) == 3 and public_kids(gateway, place) == {third}
    gateway.stop()


@pytest.mark.parametrize("probe", [True, False], ids=["probe", "no-probe"])
def test_documents_that_an_administrator_publishes_end_it(
    probe: bool, gateway: Gateway, place: Place, around: Surroundings
) -> None:
    """Without any session: the key was revoked by force while the store took no document."""
    published_by_self(gateway, place, probe={"enabled": probe})
    old = only_key(gateway)
    gateway.kill()
    around.proxy.fail("internal-error", "PUT")
    ended = gateway.command("keys", "revoke", "--endpoint", "one", "--active", "--force")
    assert ended.returncode == 69, ended.stdout + ended.stderr
    around.proxy.clear()
    decisions = len(around.cloud.sts_log)
    gateway.serve()
    until(gateway.failures, "the failure")
    new = only_key(gateway)
    if probe:
        assert f"does not serve its successor {new} yet" in gateway.failures()[0]
        assert around.cloud.sts_log[decisions:] == [], "no token of a key that is not public is tried"
    else:
        assert around.cloud.sts_log[decisions].startswith("refused"), "whether it is public is left to the STS"
    assert gateway.exchange() == 503 and public_kids(gateway, place) == {old}
    ended = gateway.command("provision", "aws", "--endpoint", "one", "--only", "documents")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    until(lambda: gateway.exchange() == 200, "a token of the next key")
    until(lambda: gateway.readiness()[1].startswith("[+]"), "the recovery")
    assert signer(gateway) == new
    gateway.stop()


def test_documents_with_the_revoked_key_are_overwritten_whatever_revision_they_claim(
    gateway: Gateway, place: Place
) -> None:
    """Somebody has a session of the publisher role that was requested with the revoked key."""
    published_by_self(gateway, place)
    compromised = place.get(KEYS)
    revoke(gateway, "--active")
    until(lambda: gateway.exchange() == 200 and place.get(KEYS) == gateway.documents()[0], "the next key")
    for owner, revision in [(gateway.ring()["owner"], 1_000_000), ("Zm9yZWlnbi1vd25lci1pZA", 1)]:
        place.put_stamped(KEYS, compromised, owner, revision)
        until(lambda: place.get(KEYS) == gateway.documents()[0], "the overwritten key set")
        until(lambda: place.owner(KEYS) == gateway.ring()["owner"], "the owner")
    found = until(lambda: len(gateway.lines("foreign document overwritten")) >= 2, "the log")
    assert found and gateway.lines("foreign document overwritten")[0]["level"] == "critical"
    until(lambda: [line for line in gateway.audited("published") if "reason" in line], "the audit's lines")
    gateway.stop()
