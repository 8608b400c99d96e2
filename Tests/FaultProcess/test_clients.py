"""Clients that only take place, and many that come at once."""

import socket
import time
from concurrent.futures import ThreadPoolExecutor

from gateway_program import exchange_form
from ListenerProcess.listening_gateway import allow_connections

from .conftest import Record, last, long
from .outage import Outage

HALF_OPEN = 10_000
SIDECARS = 1_000


@long
def test_half_open_connections(outage: Outage, record: Record) -> None:
    allow_connections(HALF_OPEN + 1_000)
    connections = [
        socket.create_connection(("127.0.0.1", outage.replicas[number % 2].port)) for number in range(HALF_OPEN)
    ]
    last(outage)
    for connection in connections:
        connection.close()
    record(outage.cost(f"{HALF_OPEN} connections without a handshake", time.monotonic()))


@long
def test_slow_clients(outage: Outage, record: Record) -> None:
    """Each sends a byte of a request whenever a workload has made another call."""
    slow = [outage.replicas[number % 2].connection() for number in range(100)]
    for connection in slow:
        connection.connect()
        connection.sock.sendall(b"POST /one/token HTTP/1.1\r\nHost: localhost\r\nContent-Length: 900\r\n\r\n")
    for _ in range(10):
        for connection in slow:
            connection.sock.sendall(b"a")
        outage.workloads[0].goes_on(1)
    last(outage)
    for connection in slow:
        connection.close()
    record(outage.cost("100 clients that send a byte at a time", time.monotonic()))


@long
def test_many_sidecars_after_an_outage(outage: Outage, record: Record) -> None:
    """All exchange at the moment in which the API server is back, and again until they have a token."""
    forms = [exchange_form(outage.shared / "cluster") for _ in range(SIDECARS)]
    for replica in outage.replicas:
        replica.relay.stop()
    last(outage)
    for replica in outage.replicas:
        replica.relay.start()
    ended = time.monotonic()

    def refresh(number: int) -> int:
        tries = 1
        while outage.replicas[number % 2].call("POST", "/one/token", forms[number])[0] != 200:
            tries += 1
        return tries

    with ThreadPoolExecutor(32) as pool:
        tries = list(pool.map(refresh, range(SIDECARS)))
    assert len(tries) == SIDECARS
    record(outage.cost(f"{SIDECARS} sidecars refresh at once after an outage of the API server", ended))
