"""Requests that two readers could understand in two ways, and clients that are no HTTP/1.1 clients."""

from collections.abc import Callable

import pytest
from gateway_program import exchange_form

from .listening_gateway import DATA, SETTINGS, ListeningGateway, answer, frame, frames, post

Make = Callable[..., ListeningGateway]
SECOND = b"GET /one/certs HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.fixture(scope="module")
def framing() -> dict[str, tuple[bytes, int]]:
    """Header fields of a POST, and the status that it gets; the connection closes after it."""
    return {
        "an empty Transfer-Encoding": (b"Transfer-Encoding: \r\n", 400),
        "a coding after chunked": (b"Transfer-Encoding: chunked, gzip\r\n", 400),
        "a coding that is not chunked": (b"Transfer-Encoding: gzip\r\n", 400),
        "identity": (b"Transfer-Encoding: identity\r\n", 400),
        "chunked twice": (b"Transfer-Encoding: chunked, chunked\r\n", 400),
        "with white space within": (b"Transfer-Encoding: chun ked\r\n", 400),
        "another coding before chunked": (b"Transfer-Encoding: gzip, chunked\r\n", 501),
        "beside Content-Length": (b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n", 400),
        "two lengths": (b"Content-Length: 4\r\nContent-Length: 5\r\n", 400),
    }


def test_framing_that_is_not_clear_gets_one_answer_and_the_end(make: Make, framing: dict[str, tuple[bytes, int]]) -> None:
    gateway = make().serve()
    for name, (fields, status) in framing.items():
        found = gateway.raw(b"POST /one/token HTTP/1.1\r\nHost: localhost\r\n" + fields + b"\r\n" + SECOND)
        assert found.startswith(b"HTTP/1.1 %d " % status), (name, found)
        assert found.count(b"HTTP/1.1 ") == 1, (name, "a second request was answered", found)
        assert b'"error":"invalid_request"' in found, name
    old = gateway.raw(b"POST /one/token HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + SECOND)
    assert old.startswith(b"HTTP/1.1 400 ") and old.count(b"HTTP/1.1 ") == 1


def test_a_request_has_one_valid_host(make: Make) -> None:
    gateway = make().serve()
    for fields in (
        b"", b"Host: localhost\r\nHost: localhost\r\n", b"Host: a b\r\n", b"Host: \r\n", b"Host: a@b\r\n",
        b"Host: a:b\r\n", b"Host: a/b\r\n", b"Host: [::1\r\n",
    ):  # fmt: skip
        found = gateway.raw(b"GET /one/certs HTTP/1.1\r\n" + fields + b"\r\n" + SECOND)
        assert found.startswith(b"HTTP/1.1 400 ") and found.count(b"HTTP/1.1 ") == 1, (fields, found)
    for host in (b"localhost", b"LOCALHOST:443", b"[::1]:8443", b"127.0.0.1", b"a_b.example"):
        found = gateway.raw(b"GET /one/certs HTTP/1.1\r\nHost: " + host + b"\r\nConnection: close\r\n\r\n")
        assert found.startswith(b"HTTP/1.1 200 "), (host, found)


def test_the_host_of_an_absolute_target_replaces_the_header_field(make: Make) -> None:
    gateway = make().serve()
    path = b"/.well-known/openid-configuration"
    for target, host, status in (
        (b"https://one.issuer.example" + path, b"localhost", 200),
        (b"HTTP://ONE.issuer.example:443" + path, b"localhost", 200),
        (b"https://localhost" + path, b"one.issuer.example", 404),
        (b"https://user@one.issuer.example" + path, b"localhost", 400),
    ):
        found = gateway.raw(b"GET " + target + b" HTTP/1.1\r\nHost: " + host + b"\r\nConnection: close\r\n\r\n")
        assert found.startswith(b"HTTP/1.1 %d " % status), (target, found)


def test_an_unknown_method_on_a_known_path_is_405_with_allow(make: Make) -> None:
    gateway = make().serve()
    for method in (b"BREW", b"PROPFIND", b"get", b"DELETE"):
        found = gateway.raw(method + b" /one/token HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        assert found.startswith(b"HTTP/1.1 405 "), (method, found)
        assert b"\r\nAllow: POST\r\n" in found
    found = gateway.raw(b"BREW /coffee HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    assert found.startswith(b"HTTP/1.1 404 ")
    assert gateway.raw(b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n").startswith(b"HTTP/1.1 400 ")


def test_an_http_1_0_connection_closes_after_its_answer(make: Make) -> None:
    gateway = make().serve()
    found = gateway.raw(b"GET /one/certs HTTP/1.0\r\nConnection: keep-alive\r\n\r\n" + SECOND)
    assert found.startswith(b"HTTP/1.1 200 ") and found.count(b"HTTP/1.1 ") == 1
    assert b"\r\nConnection: close\r\n" in found


def test_pipelined_requests_are_answered_in_their_order(make: Make) -> None:
    gateway = make().serve()
    last = b"GET /one/.well-known/openid-configuration HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    found = gateway.raw(SECOND + gateway.form_request() + last)
    assert found.count(b"HTTP/1.1 200 ") == 3
    assert found.index(b'"keys"') < found.index(b"access_token") < found.index(b'"jwks_uri"')


def test_header_fields_that_are_too_large_get_the_error_of_a_token_call(make: Make) -> None:
    gateway = make().serve()
    found = gateway.raw(gateway.form_request("X-Filler: " + "a" * 20_000 + "\r\n"))
    assert found.startswith(b"HTTP/1.1 431 ")
    assert b'{"error":"invalid_request"' in found and b"Cache-Control: no-store" in found


def test_header_fields_that_are_too_large_get_the_same_error_over_http2(make: Make) -> None:
    gateway = make().serve()
    connection = gateway.multiplexed()
    connection.sendall(frame(SETTINGS, 1))
    # 34 bytes count for each (RFC 9113 §6.5.2).
    connection.sendall(post(1, "/one/token", b"\x00\x01x\x01y" * 500))
    data = next(payload for kind, _, stream, payload in frames(connection) if (kind, stream) == (DATA, 1))
    assert data.startswith(b'{"error":"invalid_request"')
    # The connection goes on.
    form = exchange_form(gateway.identity).encode()
    connection.sendall(post(3, "/one/token") + frame(DATA, 1, 3, form))
    answered = next(payload for kind, _, stream, payload in frames(connection) if (kind, stream) == (DATA, 3))
    assert b"access_token" in answered


def test_a_body_that_is_too_large_is_413_and_the_answer_arrives(make: Make) -> None:
    gateway = make().serve()
    connection = gateway.secured()
    connection.sendall(
        b"POST /one/token HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        b"Content-Length: 200000\r\n\r\n" + b"a" * 200_000
    )
    assert answer(connection).startswith(b"HTTP/1.1 413 ")
