"""The end of the process: what was accepted is answered, and no peer keeps it."""

from collections.abc import Callable

from gateway_program import exchange_form
from waiting import until

from .listening_gateway import DATA, GOAWAY, ListeningGateway, frame, post, received

Make = Callable[..., ListeningGateway]


def test_silent_peers_do_not_keep_the_process(make: Make) -> None:
    gateway = make(drainDelay="0s").serve()
    silent = [gateway.multiplexed() for _ in range(3)]
    gateway.secured()
    gateway.plain()
    assert gateway.exchange() == 200
    gateway.stop()
    assert bytes([GOAWAY]) in received(silent[0])


def test_an_accepted_stream_is_answered_whose_request_arrives_after_sigterm(make: Make) -> None:
    gateway = make(drainDelay="0s").serve()
    form = exchange_form(gateway.identity).encode()
    connection = gateway.multiplexed()
    connection.sendall(post(1, "/one/token") + frame(DATA, 0, 1, form[:10]))
    # A second connection shows that the listener has stopped.
    assert gateway.process is not None
    gateway.process.terminate()

    def has_stopped() -> bool:
        try:
            gateway.plain().close()
        except ConnectionError:
            return True
        return False

    until(has_stopped, "the listener's end")
    connection.sendall(frame(DATA, 1, 1, form[10:]))
    assert b"access_token" in received(connection)
    assert gateway.process.wait() == 0


def test_the_process_ends_within_shutdown_timeout_whatever_is_open(make: Make) -> None:
    """A request that never ends has the read timeout, which is longer here than the shutdown may take."""
    gateway = make(drainDelay="0s", shutdownTimeout="4s", readTimeout="600s").serve()
    connection = gateway.secured()
    connection.sendall(b"POST /one/token HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nab")
    multiplexed = gateway.multiplexed()
    multiplexed.sendall(post(1, "/one/token"))
    gateway.stop()
