"""Hands over keys to a provider, which verifies tokens with the uploaded keys only. There is no public issuer."""

import json
from pathlib import Path
from typing import Any

import pytest
from token_load import TokenLoad
from waiting import until

from .gateway import ISSUER, Gateway
from .google import POOL, PROVIDER


def serving(gateway: Gateway) -> Gateway:
    """Serves without the administrator's token, until the relying party holds a standby key."""
    gateway.serve(with_credentials=False)
    until(lambda: gateway.states() == ["active", "published standby"], "the standby key")
    return gateway


def is_upload(method: str, path: str, body: Any) -> bool:
    return method == "PATCH" and path == f"/v1/{PROVIDER}" and "jwksJson" in body.get("oidc", {})


def test_a_cluster_without_a_public_issuer_federates(gateway: Gateway) -> None:
    serving(gateway)
    assert gateway.google.provider["oidc"]["issuerUri"] == f"https://{ISSUER}"
    assert len(gateway.held()) == 2
    assert gateway.log_in(gateway.token())
    assert not gateway.is_accepted(gateway.token()[:-4] + "AAAA")
    assert gateway.metric("sts_published_matches", endpoint="one") == 1
    # The subject of the trial exchange has nothing, and the publisher has the pool.
    members = gateway.google.members(POOL, "roles/iam.workloadIdentityPoolAdmin")
    assert members == [f"principal://iam.googleapis.com/{POOL}/subject/sts-gateway:publisher:trial:one"]


def test_an_unchanged_set_is_not_sent_again(gateway: Gateway) -> None:
    serving(gateway)
    before = len(gateway.google.uploads)
    reads = []
    gateway.google.change = lambda method, path, body: reads.append(path) if method == "GET" else None
    until(lambda: len(reads) >= 3, "three readings")
    assert len(gateway.google.uploads) == before


def test_rotation_under_load_without_a_failed_verification(gateway: Gateway) -> None:
    gateway.google.readings = 2
    serving(gateway)
    old = gateway.ring()["keys"][0]["kid"]
    with TokenLoad(gateway.token, gateway.log_in) as load:
        assert gateway.command("keys", "rotate", "--endpoint", "one").returncode == 0
        until(lambda: len(load.kids) == 2, "the second key signs")
        until(lambda: "published standby" in gateway.states(), "the next standby key")
    assert old in load.kids


@pytest.mark.parametrize("fault", ["fails", "is slow", "stores others", "stores what it cannot use"])
def test_an_upload_that_does_not_work_never_lets_a_new_key_sign(gateway: Gateway, fault: str) -> None:
    google = gateway.google
    first = google.provider["oidc"]["jwksJson"]
    attempts = []

    def change(method: str, path: str, body: Any) -> Any:
        if not is_upload(method, path, body):
            return None
        attempts.append(path)
        match fault:
            case "fails":
                return 503
            case "stores others":
                return {"oidc": {"jwksJson": first}}
            case "stores what it cannot use":
                # As reported of Google: it accepts the set, and rejects every token afterwards.
                keys = json.loads(body["oidc"]["jwksJson"])["keys"]
                return {"oidc": {"jwksJson": json.dumps({"keys": [{**key, "x5t": "AA"} for key in keys]})}}
        return None

    google.change = change
    if fault == "is slow":
        google.readings = 1_000_000
    gateway.serve(with_credentials=False)
    until(lambda: len(attempts) >= (1 if fault == "is slow" else 2), "attempts")
    assert gateway.states() == ["active", "prepared standby"]
    # Also a rotation that an operator asks for waits.
    assert gateway.command("keys", "rotate", "--endpoint", "one").returncode == 0
    until(lambda: gateway.states() == ["active", "prepared"], "the rotation waits")
    if fault != "stores what it cannot use":
        assert gateway.log_in(gateway.token())
    google.change = lambda method, path, body: None
    with google.lock:
        google.readings = 1
        for operation in google.operations.values():
            operation[0] = min(operation[0], 1)
    until(lambda: "retiring" in gateway.states(), "the new key signs after the upload works")
    assert gateway.log_in(gateway.token())


def test_a_key_that_the_trial_rejects_never_signs(gateway: Gateway) -> None:
    """The read set is right, and yet Google does not use it: only the trial exchange shows that."""
    serving(gateway)
    first = gateway.held()[:1]
    google = gateway.google
    verified = google.verified

    def old_keys_only(token: str, provider: dict[str, Any]) -> dict[str, Any]:
        keys = [key for key in json.loads(provider["oidc"]["jwksJson"])["keys"] if key["kid"] in first]
        return verified(token, {**provider, "oidc": {**provider["oidc"], "jwksJson": json.dumps({"keys": keys})}})

    google.verified = old_keys_only  # type: ignore[method-assign]
    assert gateway.command("keys", "rotate", "--endpoint", "one").returncode == 0
    until(lambda: gateway.lines("trial exchange rejected"), "the trial")
    assert gateway.states()[0] == "active" and gateway.ring()["keys"][0]["kid"] == first[0]
    assert gateway.log_in(gateway.token())
    google.verified = verified  # type: ignore[method-assign]


def test_a_revocation_is_finished_by_the_next_leader(gateway: Gateway) -> None:
    serving(gateway)
    revoked = gateway.token()
    # The leader and the command cannot write; then the leader is killed.
    gateway.google.change = lambda method, path, body: 503 if is_upload(method, path, body) else None
    ended = gateway.command("keys", "revoke", "--endpoint", "one", "--active", with_credentials=False)
    assert ended.returncode == 69
    gateway.kill()
    assert gateway.is_accepted(revoked), "the relying party does not know of the revocation yet"
    gateway.google.change = lambda method, path, body: None
    gateway.serve(with_credentials=False)
    until(lambda: not gateway.is_accepted(revoked), "the next leader removes the revoked key")
    assert gateway.log_in(gateway.token())
    until(lambda: gateway.states() == ["active", "published standby"], "another standby key")


def test_without_a_standby_key_the_command_for_an_administrator_is_printed(gateway: Gateway) -> None:
    gateway.google.change = lambda method, path, body: 503 if is_upload(method, path, body) else None
    ended = gateway.command("keys", "revoke", "--endpoint", "one", "--active", with_credentials=False)
    assert ended.returncode == 69
    assert "sts-gateway provision gcp --endpoint one --only keys" in ended.stdout
    gateway.google.change = lambda method, path, body: None
    assert gateway.provision("--only", "keys").returncode == 0
    gateway.serve(with_credentials=False)
    until(lambda: gateway.states()[0] == "active", "the successor signs")
    assert gateway.log_in(gateway.token())


def test_two_clusters_with_one_provider(gateway: Gateway, tmp_path: Path) -> None:
    serving(gateway)
    held = gateway.held()
    other = Gateway(gateway.program, tmp_path, gateway.identity, gateway.pki, google=gateway.google)
    other.add()
    assert other.command("publish", "--endpoint", "one", with_credentials=True).returncode == 69
    ended = other.provision("--yes")
    assert ended.returncode == 69 and "belongs to another installation" in ended.stderr
    ended = other.provision("--only", "keys", "--yes")
    assert ended.returncode == 69
    assert gateway.held() == held
    assert gateway.log_in(gateway.token())
