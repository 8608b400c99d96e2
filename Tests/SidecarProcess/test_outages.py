"""What fails is said and tried again; the old token stays; SIGTERM ends it wherever it hangs."""

import os
import socket
import subprocess
import time

import fault_gateway as fault
import pytest
from conftest import Sidecar, until
from fault_gateway import FaultGateway

FAULTS = {
    "a server's failure": (fault.status(500), "answered 500"),
    "a policy's refusal": (
        fault.status(400, body=b'{"error":"invalid_request","error_description":"the policy refuses"}'),
        "invalid_request: the policy refuses",
    ),
    "no such endpoint": (fault.status(404), "give the path of the endpoint"),
    "a redirect": (fault.status(302, "Location: https://elsewhere.example/"), "it redirects"),
    "hangs": (fault.hang, "no answer in time"),
    "hangs in the middle": (fault.hang_in_body, "no answer in time"),
    "drips": (fault.drip, "no answer in time"),
    "is cut off": (fault.truncated, "the answer is cut off"),
    "is too long": (fault.oversized, "longer than"),
    "has an endless header": (fault.endless_header, "header is longer than"),
    "is not JSON": (fault.text(b"<html>"), "not a JSON object"),
    "is a list": (fault.text(b"[]"), "not a JSON object"),
    "is nested for ever": (fault.text(b'{"a":' * 10_000), "not a JSON object"),
    "lacks the token": (fault.text(b'{"token_type":"N_A"}'), "no text access_token"),
    "has a number for a token": (fault.text(b'{"access_token":1}'), "no text access_token"),
    "has a text that is no token": (fault.text(b'{"access_token":"abc"}'), "not a JWT"),
    "has a token that never ends": (fault.text(b'{"access_token":"e30.e30.e30"}'), "not a JWT"),
    "has an ended token": (
        lambda gateway, connection: fault.text(b'{"access_token":"%s"}' % fault.token(-5).encode())(
            gateway, connection
        ),
        "ended already",
    ),
    "is reset": (fault.reset, "the connection"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_said_and_the_old_token_stays_until_it_is_over(
    name: str, sidecar: Sidecar, gateway: FaultGateway
) -> None:
    make, reason = FAULTS[name]
    sidecar.start(gateway.url)
    old = until(sidecar.token)
    gateway.always = make
    until(lambda: reason in sidecar.failures())
    until(lambda: reason in sidecar.termination)
    assert sidecar.token() == old
    gateway.always = None
    until(lambda: sidecar.token() != old, 40)
    until(lambda: sidecar.termination == "")
    assert list(sidecar.file().parent.iterdir()) == [sidecar.file()]


def test_the_gateway_is_away_for_longer_than_the_refresh_window(sidecar: Sidecar, gateway: FaultGateway) -> None:
    sidecar.start(gateway.url)
    old = until(sidecar.token)
    gateway.stop()
    until(lambda: "Connection refused" in sidecar.failures())
    until(lambda: any(line.get("tokenValid") is False for line in sidecar.log))
    assert sidecar.token() == old, "it is of no use any more, but it is not this program's to remove"
    back = FaultGateway(sidecar.folder / "pki", port=gateway.port).start()
    until(lambda: sidecar.token() in back.issued, 40)
    back.stop()


@pytest.mark.parametrize("when", ["3", "date"])
def test_retry_after_is_honoured(when: str, sidecar: Sidecar, gateway: FaultGateway) -> None:
    if when == "date":
        when = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + 4))
    gateway.faults = [fault.status(503, f"Retry-After: {when}")]
    sidecar.start(gateway.url)
    until(sidecar.token)
    first, second = [at for at, _, _ in gateway.token_calls][:2]
    assert 2 <= second - first < 8


@pytest.mark.parametrize("state", ["connecting", "handshake", "waiting", "in the body", "idle", "backing off"])
def test_sigterm_ends_it_within_a_second(state: str, sidecar: Sidecar, gateway: FaultGateway) -> None:
    url = gateway.url
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    # Nobody takes the connection from a queue of one: the handshake hangs, and the connections after it do not come about.
    listener.listen(0)
    fillers: list[socket.socket] = []
    if state in ["connecting", "handshake"]:
        url = f"https://127.0.0.1:{listener.getsockname()[1]}"
    if state == "connecting":
        for _ in range(4):
            fillers.append(socket.socket())
            fillers[-1].setblocking(False)
            fillers[-1].connect_ex(listener.getsockname())
        time.sleep(0.2)
    gateway.always = {"waiting": fault.hang, "in the body": fault.hang_in_body, "backing off": fault.status(500)}.get(state)
    sidecar.start(url, STS_TIMEOUT="60s")
    if state == "idle":
        until(sidecar.token)
    elif state == "backing off":
        until(sidecar.failures)
    elif state in ["waiting", "in the body"]:
        until(lambda: gateway.token_calls)
    else:
        time.sleep(1)
        assert sidecar.log == []
    assert sidecar.stop() < 1
    for filler in [*fillers, listener]:
        filler.close()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small file system")
def test_a_full_disk_leaves_the_old_token(sidecar: Sidecar, gateway: FaultGateway) -> None:
    disk = sidecar.folder / "tokens"
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=32k", "tmpfs", str(disk)], capture_output=True)
    if mounted.returncode != 0:
        pytest.skip("nothing may be mounted here")
    try:
        sidecar.start(gateway.url, STS_CA_CACHE="none")
        old = until(sidecar.token)
        with (disk / "filler").open("wb", buffering=0) as filler, pytest.raises(OSError):
            while filler.write(b"x" * 4096):
                pass
        until(lambda: "No space left" in sidecar.failures())
        assert sidecar.token() == old or sidecar.token() in gateway.issued
        assert sidecar.token().count(".") == 2
        (disk / "filler").unlink()
        count = len(gateway.issued)
        until(lambda: sidecar.token() in gateway.issued[count:], 40)
        assert sidecar.stop() < 1
    finally:
        subprocess.run(["umount", str(disk)], check=True)
