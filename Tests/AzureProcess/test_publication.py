"""Publishes to a stand-in of Blob Storage whose container is the public issuer URL."""

import json
import threading
from pathlib import Path

import pytest
from joserfc.errors import JoseError
from token_load import TokenLoad
from waiting import until

from .gateway import HOST, Gateway


def serving(gateway: Gateway) -> Gateway:
    """Serves without an administrator's secret."""
    gateway.serve(with_credentials=False)
    until(lambda: gateway.metric("sts_published_matches", endpoint="one") == 1, "the public documents are read")
    return gateway


def rotate(gateway: Gateway) -> str:
    """Begins a rotation; returns the id of the new key."""
    assert gateway.command("keys", "rotate", "--endpoint", "one", with_credentials=False).returncode == 0
    until(lambda: len(gateway.ring()["keys"]) == 2, "the new key")
    return gateway.ring()["keys"][1]["kid"]


def test_the_first_publication_needs_an_administrator(gateway: Gateway) -> None:
    blobs = gateway.services.blobs
    assert sorted(blobs) == [".well-known/openid-configuration", "certs"]
    assert blobs["certs"].headers["Content-Type"] == "application/json"
    assert blobs["certs"].headers["Cache-Control"] == "max-age=1"
    assert gateway.provision("--plan").returncode == 0
    # Without the documents the gateway's own token proves nothing.
    for name in blobs:
        (gateway.services.public / name).unlink()
    blobs.clear()
    until(lambda: all(gateway.issuer.read(HOST, "/certs") is None for _ in range(8)), "the caches are empty")
    ended = gateway.command("publish", "--endpoint", "one", with_credentials=False)
    assert ended.returncode == 69
    assert "AADSTS50166" in ended.stdout and "--only documents" in ended.stdout, ended.stdout + ended.stderr


def test_rotation_under_load_without_a_failed_verification(gateway: Gateway) -> None:
    serving(gateway)
    with TokenLoad(gateway.token, gateway.verify) as load:
        new = rotate(gateway)
        until(lambda: new in load.kids, "the new key signs")
    assert gateway.services.rejections == []


def test_the_key_set_is_also_published_at_the_path_of_jwks_uri(gateway: Gateway) -> None:
    path = "/openid/v1/jwks"
    gateway.endpoints["one"]["issuer"]["jwksPath"] = path
    ended = gateway.provision()
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert sorted(gateway.services.blobs) == [".well-known/openid-configuration", "certs", path.lstrip("/")]
    public = gateway.services.public
    discovery = json.loads((public / ".well-known/openid-configuration").read_text())
    assert discovery["jwks_uri"] == f"https://{HOST}{path}"
    serving(gateway)
    old = gateway.verify(gateway.token(), path)
    new = rotate(gateway)
    until(lambda: gateway.states() == ["retiring", "active"], "the rotation")
    assert gateway.verify(gateway.token(), path) == gateway.verify(gateway.token()) == new
    served = [gateway.call("GET", f"/one{name}")[1] for name in ["/certs", path]]
    for content in [(public / "certs").read_bytes(), (public / path.lstrip("/")).read_bytes(), *served]:
        assert [key["kid"] for key in json.loads(content)["keys"]] == [old, new]
    assert gateway.services.rejections == []


@pytest.mark.parametrize("fault", ["fails", "is accepted but wrong"])
def test_an_upload_that_does_not_work_never_lets_a_new_key_sign(gateway: Gateway, fault: str) -> None:
    serving(gateway)
    old = (gateway.services.public / "certs").read_bytes()
    attempts = []

    def change(name: str, content: bytes) -> bytes | int | None:
        attempts.append(name)
        return 503 if fault == "fails" else old if name == "certs" else None

    gateway.services.change = change
    new = rotate(gateway)
    until(lambda: len(attempts) >= 3, "three attempts")
    assert gateway.states() == ["active", "prepared"]
    assert gateway.verify(gateway.token()) != new
    gateway.services.change = lambda name, content: None
    until(lambda: gateway.states()[1:] == ["active"], "the new key signs after the upload works")
    assert gateway.verify(gateway.token()) == new


def test_an_upload_that_is_slow_delays_the_new_key(gateway: Gateway) -> None:
    serving(gateway)
    may_answer, begun = threading.Event(), threading.Event()

    def change(name: str, content: bytes) -> bytes | int | None:
        begun.set()
        may_answer.wait(60)
        return None

    gateway.services.change = change
    new = rotate(gateway)
    until(begun.is_set, "the upload begins")
    assert gateway.states() == ["active", "prepared"] and new not in gateway.published()
    assert gateway.verify(gateway.token()) != new
    may_answer.set()
    until(lambda: gateway.states()[1:] == ["active"], "the new key signs")


def test_another_writer_is_noticed_by_the_entity_tag(gateway: Gateway) -> None:
    serving(gateway)
    writes = len(gateway.services.writes)
    # A script writes an older key set with a new entity tag; the gateway writes its own again.
    blob = gateway.services.blobs["certs"]
    blob.tag = '"by-a-script"'
    (gateway.services.public / "certs").write_bytes(b'{"keys": []}')
    until(lambda: len(gateway.services.writes) > writes, "the gateway's write")
    until(lambda: len(gateway.published()) == 1, "the gateway's key set")


def test_two_clusters_with_one_container(gateway: Gateway, tmp_path: Path) -> None:
    serving(gateway)
    before = gateway.published()
    other = Gateway(
        gateway.program, tmp_path, gateway.identity, gateway.pki, services=gateway.services, issuer=gateway.issuer
    )  # fmt: skip
    other.add()
    ended = other.provision()
    assert ended.returncode == 69 and "--take-over" in ended.stdout + ended.stderr, ended.stdout + ended.stderr
    assert gateway.published() == before
    assert gateway.verify(gateway.token()) in before


def test_a_revocation_is_finished_by_the_next_leader(gateway: Gateway) -> None:
    """The publisher's own token is no longer accepted when the revoked key is gone, and the successor's not before it is."""
    serving(gateway)
    revoked = gateway.token()
    old = gateway.verify(revoked)
    # The caches keep the revoked key, so the leader has to wait; then it is killed.
    gateway.issuer.hold(HOST)
    ended = gateway.command("keys", "revoke", "--endpoint", "one", "--active", with_credentials=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    until(lambda: gateway.exchange() == 503, "no token is issued")
    gateway.kill()
    gateway.serve(with_credentials=False)
    assert gateway.exchange() == 503, "verifiers do not know the next key yet"
    gateway.issuer.release(HOST)
    until(lambda: gateway.exchange() == 200, "the next leader ends the revocation")
    new = gateway.verify(gateway.token())
    assert new != old and gateway.published() == {new}
    with pytest.raises((JoseError, ValueError)):
        gateway.verify(revoked)
    # The publisher has a session again, by a token of the successor.
    rotated = rotate(gateway)
    until(lambda: rotated in gateway.published(), "a publication by the successor's session")
    assert gateway.services.rejections == []
