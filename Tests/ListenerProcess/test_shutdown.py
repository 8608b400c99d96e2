"""The end of the process: what was accepted is answered, and no peer keeps it."""

from collections.abc import Callable

from gateway_program import exchange_form
from waiting import until

from .listening_gateway import DATA, GOAWAY, PING, ListeningGateway, frame, frames, post, received

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


def test_every_stream_is_answered_that_was_opened_before_the_peer_had_read_goaway(make: Make) -> None:
    """As of a client whose requests cross GOAWAY on the wire (RFC 9113 §6.8), in many processes one after the other."""
    for opened_after in (0, 1, 5) * 4:
        gateway = make(drainDelay="0s").serve()
        form = exchange_form(gateway.identity).encode()
        connection = gateway.multiplexed()

        def request(stream: int) -> None:
            connection.sendall(post(stream, "/one/token") + frame(DATA, 1, stream, form))

        request(1)
        assert gateway.process is not None
        gateway.process.terminate()
        request(3)
        seen = []
        for kind, flags, stream, payload in frames(connection):
            seen.append((kind, flags, stream))
            if kind == PING and flags == 0:
                # The peer has not handled GOAWAY yet, which came before.
                for number in range(opened_after):
                    request(5 + 2 * number)
                connection.sendall(frame(PING, 1, 0, payload))
        ended = [stream for kind, flags, stream in seen if kind == DATA and flags & 1]
        assert sorted(ended) == [1, 3, *range(5, 5 + 2 * opened_after, 2)], seen
        assert [kind for kind, _, _ in seen].count(GOAWAY) == 2
        assert gateway.process.wait() == 0
        gateway.close()


def test_the_process_ends_within_shutdown_timeout_whatever_is_open(make: Make) -> None:
    """A request that never ends has the read timeout, which is longer here than the shutdown may take."""
    gateway = make(drainDelay="0s", shutdownTimeout="4s", readTimeout="600s").serve()
    connection = gateway.secured()
    connection.sendall(b"POST /one/token HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nab")
    multiplexed = gateway.multiplexed()
    multiplexed.sendall(post(1, "/one/token"))
    gateway.stop()
