"""Connections that only take place: the others are served, whoever they are."""

import contextlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from waiting import until

from .listening_gateway import DATA, LOST, ListeningGateway, allow_connections, answer, frame, post

Make = Callable[..., ListeningGateway]


def test_livez_is_answered_while_more_idle_connections_are_opened_than_the_listener_takes(make: Make) -> None:
    allow_connections(2_000)
    gateway = make(connections=400).serve()
    for _ in range(600):
        gateway.plain(admin=True)
    # On a connection that is opened while 600 others say nothing.
    for _ in range(5):
        assert gateway.get("/livez") == (200, "ok\n")
    evicted = gateway.metric("sts_connections_evicted_total", listener="admin", reason="waiting")
    assert evicted is not None and evicted >= 600 - 300, "all above three quarters of the limit"
    assert gateway.metric("sts_connections_evicted_total", listener="tokens", reason="waiting") == 0


def test_a_client_is_served_beside_silent_http2_peers_that_fill_the_listener(make: Make) -> None:
    gateway = make(connections=20).serve()
    for _ in range(40):
        gateway.multiplexed()
    assert gateway.exchange() == 200


def test_every_client_behind_one_address_gets_a_token_and_keeps_its_connection_open(make: Make) -> None:
    allow_connections(2_000)
    gateway = make(connections=100).serve()
    request = gateway.form_request()

    def exchange(_: int) -> bool:
        # As the sidecar does, it tries again where its connection was closed.
        def attempt() -> bool:
            try:
                connection = gateway.secured()
                connection.sendall(request)
            except OSError:
                return False
            return answer(connection).startswith(b"HTTP/1.1 200")

        return until(attempt, "a token")

    with ThreadPoolExecutor(16) as pool:
        assert all(pool.map(exchange, range(300)))


def test_a_client_that_does_not_read_is_disconnected(make: Make) -> None:
    """Responses fill both sockets' buffers. No other bound applies: a request is in progress, and has arrived."""
    gateway = make(readTimeout="1s").serve()
    connection = gateway.secured()
    request = b"GET /one/certs HTTP/1.1\r\nHost: localhost\r\n\r\n" * 100
    connection.settimeout(0.1)

    def is_disconnected() -> bool:
        try:
            connection.sendall(request)
        except TimeoutError:
            return False  # It reads no further request, since it cannot write.
        except OSError:
            return True
        return False

    until(is_disconnected, "the end of the connection")
    assert gateway.exchange() == 200


def test_unfinished_bodies_beyond_the_budget_get_503_and_a_small_request_finds_room(make: Make) -> None:
    """24 MiB of the 32 are one listener's: bodies of 4 MiB, of which the last byte is missing, use them up."""
    allow_connections(1_000)
    size = 4 << 20
    gateway = make(bodyBytes=size).serve()
    form = b"Host: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    head = b"POST /one/token HTTP/1.1\r\n" + form + b"Content-Length: %d\r\n\r\n" % size
    held = []
    for _ in range(6):
        connection = gateway.secured()
        connection.sendall(head + b"a" * (size - 1))
        held.append(connection)

    def is_one_rejected() -> bool:
        # The last ones may still be on their way, so another exchange may be needed.
        assert gateway.exchange() == 200, "a large body gives way to a small one"
        for connection in held:
            connection.settimeout(0.1)
            found = answer(connection)
            if found.startswith(b"HTTP/1.1 503") and b"Retry-After: 1" in found:
                return True
        connection = gateway.secured()
        connection.sendall(head + b"a" * (size - 1))
        held.append(connection)
        return False

    until(is_one_rejected, "the rejection of a large body")
    for connection in held:
        connection.close()
    assert gateway.exchange() == 200


def test_unfinished_http2_bodies_on_every_stream_stay_below_200_mebibytes(make: Make) -> None:
    """600 connections with 16 streams each offer all that flow control lets them send: 37 MiB."""
    allow_connections(2_000)
    gateway = make().serve()

    def offer(_: int) -> None:
        connection = gateway.multiplexed()
        for stream in range(1, 33, 2):
            connection.sendall(post(stream, "/one/token") + frame(DATA, 0, stream, b"a" * 4_090))

    with ThreadPoolExecutor(8) as pool:
        # A connection may be closed meanwhile, to make room.
        list(pool.map(lambda number: ignoring_losses(offer, number), range(600)))
    until(lambda: gateway.exchange() == 200, "a token")
    assert gateway.memory() < 200


def ignoring_losses(call: Callable[[int], None], number: int) -> None:
    with contextlib.suppress(*LOST):
        call(number)
