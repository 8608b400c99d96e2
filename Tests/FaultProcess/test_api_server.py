"""The API server fails: what it costs, and that no token is wrong.

`make faults` lets each fault last a minute; `make test` as long as it takes to be noticed.
"""

import time
from collections.abc import Callable

import pytest

from .conftest import LONG, Record, last
from .outage import Outage

def stopped(outage: Outage) -> None:
    for replica in outage.replicas:
        replica.relay.stop()


def restarted(outage: Outage) -> None:
    for replica in outage.replicas:
        replica.relay.start()


def foreign(outage: Outage) -> None:
    """New connections get a certificate of a CA that is not trusted."""
    folder = outage.shared / "foreign"
    outage.api.secured.socket.context.load_cert_chain(folder / "server.pem", folder / "server-key.pem")
    for replica in outage.replicas:
        replica.relay.reset()


def right(outage: Outage) -> None:
    folder = outage.shared / "pki"
    outage.api.secured.socket.context.load_cert_chain(folder / "server.pem", folder / "server-key.pem")


def swallowed(outage: Outage) -> None:
    for replica in outage.replicas:
        replica.relay.swallow()


def healed(outage: Outage) -> None:
    for replica in outage.replicas:
        replica.relay.heal()


FAULTS: dict[str, tuple[Callable[[Outage], object], Callable[[Outage], object]]] = {
    "API server stopped": (stopped, restarted),
    "API server answers after 5 s": (lambda it: it.api.delays(5), lambda it: it.api.heal()),
    "API server answers 500": (lambda it: it.api.fails(500), lambda it: it.api.heal()),
    "API server answers 429": (lambda it: it.api.fails(429), lambda it: it.api.heal()),
    "API server closes every connection": (lambda it: it.api.hangs_up(), lambda it: it.api.heal()),
    "API server with a wrong certificate": (foreign, right),
    "packets to the API server are lost": (swallowed, healed),
    "watches send nothing": (lambda it: it.api.is_silent.set(), lambda it: it.api.heal()),
}
QUICK = ["API server stopped", "API server closes every connection"]
SLOW = {"API server answers after 5 s", "packets to the API server are lost"}
"""Their calls take seconds each."""


@pytest.mark.parametrize("name", FAULTS if LONG else QUICK)
def test_of_the_api_server(name: str, outage: Outage, record: Record) -> None:
    begin, end = FAULTS[name]
    begin(outage)
    last(outage, calls=2 if name in SLOW else 30)
    end(outage)
    record(outage.cost(name, time.monotonic()))
