"""Tests of the caching issuer: each cache keeps documents for its own time."""

import http.client
import ssl
from collections.abc import Iterator
from pathlib import Path

import pki
import pytest
from caching_issuer import CachingIssuer
from waiting import DEADLINE

HOST = "one.issuer.example"
MAX_AGE = 60.0


class ManualClock:
    """A clock that the test advances."""

    now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def issuer(tmp_path: Path, clock: ManualClock) -> Iterator[CachingIssuer]:
    pki.write(tmp_path / "pki", ["127.0.0.1", "*.issuer.example"])
    (tmp_path / "www/.well-known").mkdir(parents=True)
    (tmp_path / "www/.well-known/openid-configuration").write_text("{}")
    made = CachingIssuer(tmp_path / "pki", max_age=MAX_AGE, clock=clock).start()
    made.folders[HOST] = tmp_path / "www"
    yield made
    made.stop()


def put(issuer: CachingIssuer, text: str) -> None:
    (issuer.folders[HOST] / "certs").write_text(text)


def reads(issuer: CachingIssuer, count: int = 50) -> set[bytes | None]:
    return {issuer.read(HOST, "/certs") for _ in range(count)}


def test_a_cache_keeps_a_document_for_max_age(issuer: CachingIssuer, clock: ManualClock) -> None:
    put(issuer, "old")
    assert reads(issuer) == {b"old"}
    put(issuer, "new")
    clock.now += MAX_AGE - 1
    assert reads(issuer) == {b"old"}
    clock.now += 1
    assert reads(issuer) == {b"new"}


def test_caches_are_independent(issuer: CachingIssuer) -> None:
    put(issuer, "old")
    issuer.read(HOST, "/certs")
    put(issuer, "new")
    assert reads(issuer) == {b"old", b"new"}


def test_a_missing_document_is_not_cached(issuer: CachingIssuer) -> None:
    assert reads(issuer) == {None} and issuer.read("other.example", "/certs") is None
    put(issuer, "new")
    assert reads(issuer) == {b"new"}


def test_held_caches_keep_their_documents(issuer: CachingIssuer, clock: ManualClock) -> None:
    put(issuer, "old")
    issuer.hold(HOST)
    put(issuer, "new")
    clock.now += 10 * MAX_AGE
    assert reads(issuer) == {b"old"}
    issuer.held.clear()
    assert reads(issuer) == {b"new"}


def test_it_serves_documents_over_tls_by_host_and_no_other_file(issuer: CachingIssuer, tmp_path: Path) -> None:
    put(issuer, "new")
    (tmp_path / "secret").write_text("secret")
    context = ssl.create_default_context(cafile=str(tmp_path / "pki/ca.pem"))

    def get(path: str) -> tuple[int, bytes]:
        host, port = issuer.address.split(":")
        connection = http.client.HTTPSConnection(host, int(port), timeout=DEADLINE, context=context)
        connection.request("GET", path, headers={"Host": HOST})
        answer = connection.getresponse()
        found = answer.status, answer.read()
        connection.close()
        return found

    assert get("/certs") == (200, b"new")
    assert get("/../secret")[0] == get("/nothing")[0] == 404
