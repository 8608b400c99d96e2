"""A leaked key is revoked: signing stops, and starts again with the next key only."""

import time

from waiting import until

from .rings import key_in, kids, read
from .scenarios import scenario
from .stage import Client, Gateway, Stage, Watcher, active


def revoke(gateway: Gateway, *which: str) -> None:
    ended = gateway.command("keys", "revoke", "--endpoint", "one", *which)
    assert ended.returncode == 0, ended.stdout + ended.stderr


def secret(gateway: Gateway, state: str = "active") -> str:
    """A line of the private key."""
    return key_in(gateway.ring(), state)["privateKey"].splitlines()[1]


def is_gone(gateway: Gateway, kid: str, line: str, watcher: Watcher) -> None:
    """Only its kid remains, and no later key set contains it."""
    for file in gateway.keys.rglob("*"):
        assert line.encode() not in read(file), f"{file.name} has the private key"
    assert kid not in kids(gateway.ring())
    assert kid in [one["kid"] for one in gateway.ring()["revoked"]]
    first = next(index for index, found in enumerate(watcher.sets) if kid in found)
    without = next(index for index, found in enumerate(watcher.sets) if index > first and kid not in found)
    assert all(kid not in found for found in watcher.sets[without:]), "the revoked key was published again"
    assert gateway.published() == set(kids(gateway.ring()))


def is_refused(gateway: Gateway) -> bool:
    status, headers, content = gateway.answer()
    if status != 503:
        assert status == 200
        return False
    assert int(headers["Retry-After"]) >= 1 and b"access_token" not in content
    return True


def until_new(gateway: Gateway, client: Client, new: str) -> None:
    until(lambda: not is_refused(gateway), "a token of the new key")
    until(lambda: new in client.kids(), "a token of the new key")


@scenario
def test_after_a_revocation_all_replicas_respond_with_503_until_the_next_key_is_public(stage: Stage) -> None:
    gateway = stage.gateway().add().serve().settle()
    other = stage.gateway(gateway).serve()
    watcher, client = stage.watch(gateway), stage.client(gateway, other, rate=20)
    old, line = active(gateway), secret(gateway)
    until(lambda: client.first(old, other), "a token from each")
    stage.issuer.hold(gateway.host())
    revoke(gateway, "--active")
    assert gateway.published() == set(kids(gateway.ring())) and old not in gateway.published()
    until(lambda: is_refused(gateway) and is_refused(other), "the refusal of both")
    stopped = time.monotonic()
    client.goes_on(100)
    assert is_refused(gateway) and is_refused(other), "the edges have the old key set"
    assert client.kids(stopped) == set(), "no key signs"
    stage.issuer.release(gateway.host())
    new = kids(gateway.ring())[0]
    until_new(gateway, client, new)
    until(lambda: client.first(new, other), "a token from each")
    client.goes_on()
    client.stop()
    watcher.stop()
    assert client.kids(stopped) == {new}
    assert {one.status for one in client.exchanges} == {200, 503}
    is_gone(gateway, old, line, watcher)
    assert len(watcher.kids) == 2


@scenario
def test_a_prepared_key_is_the_successor_of_a_revoked_one(stage: Stage) -> None:
    gateway = stage.gateway().add().serve().settle()
    watcher, client = stage.watch(gateway), stage.client(gateway, rate=20)
    old, line = active(gateway), secret(gateway)
    stage.issuer.hold(gateway.host())
    new = gateway.rotate()
    until(lambda: {old, new} in watcher.sets, "the publication of the new key")
    revoke(gateway, "--kid", old)
    until(lambda: is_refused(gateway), "the refusal")
    revoked = time.monotonic()
    stage.issuer.release(gateway.host())
    until_new(gateway, client, new)
    client.goes_on()
    client.stop()
    watcher.stop()
    assert client.kids(revoked) == {new}
    is_gone(gateway, old, line, watcher)
    assert watcher.kids == [old, new], "no third key was made"


@scenario
def test_a_revocation_without_a_running_gateway_is_effective_after_its_start_and_a_kill(stage: Stage) -> None:
    gateway = stage.gateway().add().serve().settle()
    watcher = stage.watch(gateway)
    old, line = active(gateway), secret(gateway)
    gateway.kill()
    stage.issuer.hold(gateway.host())
    revoke(gateway, "--active")
    gateway.serve()
    assert is_refused(gateway)
    gateway.kill()
    gateway.serve()
    assert is_refused(gateway)
    stage.issuer.release(gateway.host())
    client = stage.client(gateway, rate=20)
    until(lambda: client.kids(), "a token of the new key")
    client.goes_on()
    client.stop()
    watcher.stop()
    assert client.kids() == set(kids(gateway.ring()))
    is_gone(gateway, old, line, watcher)
    assert len(watcher.kids) == 2


@scenario
def test_a_key_that_does_not_sign_yet_is_revoked_without_a_failed_exchange(stage: Stage) -> None:
    gateway = stage.gateway().add().serve().settle()
    watcher, client = stage.watch(gateway), stage.client(gateway, rate=20)
    stage.issuer.hold(gateway.host())
    old, new = active(gateway), gateway.rotate()
    line = secret(gateway, "prepared")
    until(lambda: {old, new} in watcher.sets, "the publication of the new key")
    revoke(gateway, "--kid", new)
    stage.issuer.release(gateway.host())
    client.goes_on(100)
    client.end()
    watcher.stop()
    assert client.kids() == {old} and kids(gateway.ring()) == [old] and gateway.published() == {old}
    is_gone(gateway, new, line, watcher)


@scenario
def test_a_revocation_that_cannot_be_published_stops_signing_until_it_is_fixed(stage: Stage) -> None:
    gateway = stage.gateway().add().serve().settle()
    watcher = stage.watch(gateway)
    old, line = active(gateway), secret(gateway)
    aside = gateway.public().with_name("aside")
    gateway.public().rename(aside)
    gateway.public().write_text("no folder\n")
    said = gateway.command("keys", "revoke", "--endpoint", "one", "--active", "--force")
    assert said.returncode == 69 and "not published" in said.stderr, said.stdout + said.stderr
    until(lambda: is_refused(gateway), "the refusal")
    until(lambda: gateway.lines("publication failed"), "the problem in the log")
    assert is_refused(gateway)
    gateway.public().unlink()
    aside.rename(gateway.public())
    until(lambda: not is_refused(gateway), "a token of the new key")
    watcher.stop()
    is_gone(gateway, old, line, watcher)
