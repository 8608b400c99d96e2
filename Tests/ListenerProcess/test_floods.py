"""Connections that only take place: the others are served, whoever they are."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from waiting import until

from .listening_gateway import ListeningGateway, allow_connections, answer

Make = Callable[..., ListeningGateway]


def test_livez_is_answered_while_more_idle_connections_are_opened_than_the_listener_takes(make: Make) -> None:
    allow_connections(2_000)
    gateway = make(connections=400).serve()
    for _ in range(600):
        gateway.plain(admin=True)
    # On a connection that is opened while 600 others say nothing.
    for _ in range(5):
        assert gateway.get("/livez") == (200, "ok\n")


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


def test_bodies_in_flight_have_a_budget_and_one_beyond_it_is_503(make: Make) -> None:
    """24 MiB of the 32 are one listener's."""
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

    def is_rejected() -> bool:
        connection = gateway.secured()
        connection.sendall(head + b"a" * 64_000)
        connection.settimeout(0.5)
        found = answer(connection)
        connection.close()
        return found.startswith(b"HTTP/1.1 503") and b"Retry-After: 1" in found

    until(is_rejected, "the rejection")
    held.pop().close()
    until(lambda: gateway.exchange() == 200, "room")
