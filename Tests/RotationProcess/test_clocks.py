"""A gateway whose clock was ahead, by a library that is loaded before, and is right after a restart."""

import ctypes
import datetime
import http.client
import json
import ssl
from pathlib import Path

import pytest
from waiting import DEADLINE, until

from .clocks import COMPILER, shift
from .rings import key_in, kids
from .scenarios import scenario
from .stage import Gateway, Stage, active, aged

pytestmark = pytest.mark.skipif(COMPILER is None, reason="a C compiler is missing")


def from_now(**ahead: int) -> str:
    time = datetime.datetime.now(datetime.UTC) + datetime.timedelta(**ahead)
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


def future(ring: dict) -> list[str]:
    """The times that are in the future; all have the same form."""
    limit = from_now(minutes=1)
    times = [key.get(name, "") for key in ring["keys"] for name in ["created", "published", "activated", "retired"]]
    return [time for time in times if time > limit]


@scenario
def test_a_first_start_two_days_ahead_is_healed_when_the_clock_is_right(stage: Stage) -> None:
    """The serving certificate comes from the gateway's own CA."""
    gateway = stage.gateway().add()
    write = gateway.write

    def without_certificates() -> Path:
        file = write()
        configuration = json.loads(file.read_text())
        del configuration["tls"]
        file.write_text(json.dumps(configuration))
        return file

    gateway.write = without_certificates  # type: ignore[method-assign]

    def is_trusted() -> bool:
        context = ssl.create_default_context(cafile=str(gateway.keys / "serving-ca.pem"))
        context.check_hostname = False
        connection = http.client.HTTPSConnection("127.0.0.1", gateway.port, timeout=DEADLINE, context=context)
        try:
            connection.request("GET", "/one/certs")
            return connection.getresponse().status == 200
        except ssl.SSLCertVerificationError:
            return False
        finally:
            connection.close()

    shift(gateway, 2)
    gateway.serve()
    until(lambda: future(gateway.ring()), "a ring of the wrong clock")
    until(lambda: "[-]clock failed" in gateway.get("/readyz?verbose")[1], "the comparison with the issuer URL")
    assert gateway.get("/readyz")[0] == 200
    until(lambda: gateway.lines("clock differs", None), "the log line")
    until(lambda: not gateway.is_leading, "the end of the leadership")
    gateway.stop()
    first = active(gateway)

    shift(gateway, 0)
    gateway.serve()
    until(is_trusted, "a certificate that clients accept")
    until(lambda: not future(gateway.ring()), "the repair of the ring")
    assert gateway.lines("serving identity repaired", None)
    replaced = gateway.lines("CA replaced; recreate the Pods that were injected before", None)
    assert len(replaced) == 1 and replaced[0]["pods"] == "unknown", replaced
    assert gateway.lines("key ring times in the future repaired")
    assert active(gateway) == first
    until(lambda: "[-]" not in gateway.get("/readyz?verbose")[1], "readiness without problems")


@scenario
def test_a_successor_that_was_published_61_days_ahead_is_published_again_and_signs(stage: Stage) -> None:
    gateway = stage.gateway().add().serve().settle()
    stage.issuer.hold(gateway.host())
    new = gateway.rotate()
    gateway.stop()

    def ahead(ring: dict) -> None:
        key_in(ring, "prepared").update(state="published", created=from_now(days=61), published=from_now(days=61))

    gateway.edit(ahead)
    stage.issuer.release(gateway.host())
    gateway.serve()
    until(lambda: gateway.lines("key ring times in the future repaired"), "the repair")
    until(lambda: active(gateway) == new, "the end of the rotation")
    assert not future(gateway.ring())


@scenario
def test_a_gateway_61_days_ahead_rotates_nothing_and_publishes_nothing_once_it_knows(stage: Stage) -> None:
    gateway = stage.gateway().add().serve().settle()
    gateway.stop()
    shift(gateway, 61)
    gateway.serve()
    until(lambda: "[-]clock failed" in gateway.get("/readyz?verbose")[1], "the comparison with the issuer URL")
    until(lambda: not gateway.is_leading, "the end of the leadership")
    before = gateway.ring_file().read_bytes()
    gateway.edit(aged)
    edited = gateway.ring_file().read_bytes()
    until(lambda: gateway.lines("clock differs", None), "the log line")
    assert gateway.call("GET", "/one/certs")[0] == 200 and gateway.ring_file().read_bytes() == edited != before
    gateway.stop()
    shift(gateway, 0)
    gateway.serve()
    until(lambda: gateway.has("retiring"), "a rotation by the right clock")
    assert not future(gateway.ring()) and len(kids(gateway.ring())) <= 3


def is_synchronized() -> bool:
    """Whether NTP synchronizes the machine's clock (adjtimex(2)), which then is evidence enough."""
    state = ctypes.create_string_buffer(512)
    libc = ctypes.CDLL(None)
    code = libc.adjtimex(state)
    status = ctypes.c_int.from_buffer(state, 5 * ctypes.sizeof(ctypes.c_long)).value
    return code >= 0 and code != 5 and not status & 0x40


@scenario
def test_without_a_readable_issuer_url_a_time_in_the_future_is_repaired_once_a_clock_can_be_compared(stage: Stage) -> None:
    gateway = stage.gateway().add()
    probe = gateway.endpoints["one"]["publish"]["probe"]
    gateway.endpoints["one"]["publish"]["probe"] = {"enabled": False}
    shift(gateway, 2)
    gateway.serve()
    until(lambda: future(gateway.ring()), "a ring of the wrong clock")
    gateway.stop()
    first = active(gateway)

    shift(gateway, 0)
    gateway.serve()
    if not is_synchronized():
        until(lambda: "this replica's clock could not be compared" in gateway.problem(), "the report")
        assert future(gateway.ring()), "it is not known which clock is right"
        # It is the owner who decides then, and a rotation by hand goes on.
        new = gateway.rotate()
        until(lambda: gateway.has_reached("published"), "the publication of the new key")
        assert future(gateway.ring())
        gateway.endpoints["one"]["publish"]["probe"] = probe
        gateway.write()
        until(lambda: active(gateway) == new, "the rotation by hand")
    until(lambda: gateway.lines("key ring times in the future repaired"), "the repair")
    until(lambda: not future(gateway.ring()), "the repair")
    assert first in kids(gateway.ring())
    until(lambda: not gateway.problem(), "readiness without problems")
