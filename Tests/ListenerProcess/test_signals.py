"""SIGHUP reads the configuration again, and does not end the gateway."""

import signal
from collections.abc import Callable

from waiting import until

from .listening_gateway import ListeningGateway


def test_sighup_reloads(make: Callable[..., ListeningGateway]) -> None:
    gateway = make().serve()
    assert gateway.process is not None
    gateway.endpoints["two"] = {**gateway.endpoints["one"], "name": "two", "path": "/two"}
    gateway.endpoints["two"]["issuer"] = {"host": "two.issuer.example"}
    gateway.write()
    gateway.process.send_signal(signal.SIGHUP)
    until(lambda: any(line["message"] == "reload requested" for line in gateway.log), "the request")
    until(lambda: any(line["message"] == "configuration reloaded" for line in gateway.log), "the reload")
    assert gateway.process.poll() is None and gateway.call("GET", "/two/certs")[0] == 200
    gateway.process.send_signal(signal.SIGHUP)
    until(lambda: sum(line["message"] == "reload requested" for line in gateway.log) == 2, "another request")
    assert gateway.process.poll() is None
    gateway.stop()
