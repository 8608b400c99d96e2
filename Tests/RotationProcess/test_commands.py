"""The `keys` commands while gateways run."""

import json

from waiting import until

from .rings import LONG_AGO, Ring, kids
from .scenarios import scenario
from .stage import Gateway, Stage, active

MANUAL = {"every": "30d", "propagation": "2s", "maxAge": "1s", "activation": "manual"}
PRIVATE = {"d", "p", "q", "dp", "dq", "qi", "k", "privateKey"}


def run(gateway: Gateway, *arguments: str, status: int = 0) -> str:
    ended = gateway.command("keys", *arguments)
    assert ended.returncode == status, ended.stdout + ended.stderr
    return ended.stdout if status == 0 else ended.stderr


@scenario
def test_list_and_export_show_the_served_keys_and_no_private_key(stage: Stage) -> None:
    gateway = stage.gateway().add().add("two").serve().settle()
    stage.issuer.hold(gateway.host("two"))
    kid, new = active(gateway), gateway.rotate("two")
    exported = json.loads(run(gateway, "export", "--endpoint", "one"))
    assert exported == json.loads(gateway.documents()[0])
    assert not PRIVATE & {member for key in exported["keys"] for member in key}
    listed = [json.loads(line) for line in run(gateway, "list", "--json").splitlines()]
    assert [(line["endpoint"], line["active"], line["keys"]) for line in listed] == [
        ("one", kid, 1), ("two", active(gateway, "two"), 2),
    ]  # fmt: skip
    status = {line["endpoint"]: line for line in map(json.loads, run(gateway, "status", "--json").splitlines())}
    assert [(key["kid"], key["state"]) for key in status["one"]["keys"]] == [(kid, "active")]
    assert new in status["two"]["next"] and [key["kid"] for key in status["two"]["keys"]] == kids(gateway.ring("two"))
    assert kid in run(gateway, "status", "--endpoint", "one")


@scenario
def test_a_rotation_in_progress_is_reported_and_no_key_is_added(stage: Stage) -> None:
    gateway = stage.gateway().add().serve().settle()
    stage.issuer.hold(gateway.host())
    new = gateway.rotate()
    for _ in range(3):
        said = run(gateway, "rotate", "--endpoint", "one")
        assert new in said and "in progress" in said
    assert len(kids(gateway.ring())) == 2


@scenario
def test_every_command_prints_its_result_as_json(stage: Stage) -> None:
    gateway = stage.gateway().add(rotation=MANUAL).add("two").serve().settle()

    def result(*arguments: str, status: int = 0) -> dict[str, object]:
        ended = gateway.command(*arguments, "--json")
        assert ended.returncode == status, ended.stdout + ended.stderr
        return json.loads(ended.stdout)

    old = active(gateway)
    stage.issuer.hold(gateway.host())
    first = result("keys", "prepare", "--endpoint", "one")
    kid = first.pop("kid")
    assert kid != old and first == {"endpoint": "one", "result": "started", "activation": "manual"}
    again = result("keys", "rotate", "--endpoint", "one")
    assert again == {"endpoint": "one", "kid": kid, "result": "in progress", "activation": "manual"}
    closed = result("keys", "activate", "--endpoint", "one", status=75)
    assert closed.keys() >= {"until", "next"} and closed["code"] == "STS1801"
    assert (closed["endpoint"], closed["kid"], closed["result"]) == ("one", kid, "waiting")
    revoked = result("keys", "revoke", "--endpoint", "two", "--active")
    assert revoked["endpoint"] == "two" and revoked["result"] == "revoked" and isinstance(revoked["published"], bool)

    checked = result("publish", "--check", "--endpoint", "one", status=1)
    assert checked["endpoint"] == "one" and checked["result"] == "different" and checked["matches"] is False
    paths = [document["path"] for document in checked["documents"]]  # type: ignore[attr-defined]
    assert paths == ["/certs", "/.well-known/openid-configuration"] and checked["location"]

    gateway.stop()
    del gateway.endpoints["two"]
    purged = result("keys", "purge", "--endpoint", "two", "--force")
    assert purged == {"endpoint": "two", "result": "deleted"}


@scenario
def test_without_a_running_gateway_a_rotation_begins_and_the_next_start_continues_it(stage: Stage) -> None:
    gateway = stage.gateway().add().serve().settle()
    old = active(gateway)
    gateway.stop()
    new = gateway.rotate()
    assert active(gateway) == old
    gateway.serve()
    until(lambda: gateway.has("retiring"), "the end of the rotation")
    assert active(gateway) == new and kids(gateway.ring()) == [old, new]


@scenario
def test_only_an_unconfigured_and_unused_ring_is_purged(stage: Stage) -> None:
    gateway = stage.gateway().add().add("two").add("three").serve().settle()
    assert "configuration" in run(gateway, "purge", "--endpoint", "two", "--force", status=69)
    gateway.stop()
    del gateway.endpoints["two"], gateway.endpoints["three"]
    gateway.serve().settle()
    assert gateway.ring_file("two").exists(), "the ring of an endpoint that is removed stays"
    assert "--force" in run(gateway, "purge", "--endpoint", "two", status=69)
    assert gateway.ring_file("two").exists()
    run(gateway, "purge", "--endpoint", "two", "--force")
    assert not gateway.ring_file("two").exists()
    gateway.edit(end_of_use, "three")
    run(gateway, "purge", "--endpoint", "three")
    assert not gateway.ring_file("three").exists()
    assert gateway.exchange() == 200 and [file.name for file in gateway.keys.glob("*.keyring.json")] == [
        "one.keyring.json"
    ]


@scenario
def test_a_ring_whose_old_key_has_signed_recently_is_not_purged(stage: Stage) -> None:
    """The age of a key does not show when it signed last."""
    gateway = stage.gateway().add().add("two").serve().settle()
    assert gateway.exchange("two") == 200
    gateway.stop()
    gateway.age("two")
    del gateway.endpoints["two"]
    run(gateway, "purge", "--endpoint", "two", status=69)
    assert gateway.ring_file("two").exists()


def end_of_use(ring: Ring) -> None:
    """Changes the key ring as if its last token had expired long ago."""
    for key in ring["keys"]:
        key.update(state="retiring", activated=LONG_AGO, retired=LONG_AGO)


@scenario
def test_a_failed_command_has_an_exit_status(stage: Stage) -> None:
    gateway = stage.gateway().add().serve().settle()
    kid = active(gateway)
    run(gateway, "rotate", status=64)
    run(gateway, "revoke", "--endpoint", "one", status=64)
    run(gateway, "revoke", "--endpoint", "one", "--active", "--kid", kid, status=64)
    assert "does not have this key" in run(gateway, "revoke", "--endpoint", "one", "--kid", "none", status=69)
    assert "none" in run(gateway, "export", "--endpoint", "none", status=69)
    gateway.endpoints["one"]["rotation"]["every"] = "1s"
    run(gateway, "rotate", "--endpoint", "one", status=78)
    assert kids(gateway.ring()) == [kid]
