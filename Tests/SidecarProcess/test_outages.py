"""What fails is said and tried again; the old token stays; SIGTERM ends it wherever it hangs."""

import os
import socket
import subprocess
import time
from pathlib import Path

import fault_gateway as fault
import pytest
from fault_gateway import FaultGateway
from sidecar_program import LONGEST_TIMEOUT, Sidecar
from waiting import until

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
SILENT = ["hangs", "hangs in the middle", "drips"]
"""Faults that end with the sidecar's patience."""


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_said_and_the_old_token_stays_until_it_is_over(
    name: str, sidecar: Sidecar, gateway: FaultGateway
) -> None:
    make, reason = FAULTS[name]
    gateway.ttl = 1
    gateway.always = lambda *call: (make if sidecar.token() else fault.close_after_answer)(*call)
    sidecar.start(gateway.url, STS_TIMEOUT="2s" if name in SILENT else LONGEST_TIMEOUT)
    old = until(sidecar.token)
    until(lambda: reason in sidecar.failures())
    until(lambda: reason in sidecar.termination)
    assert sidecar.token() == old
    # It lives so long that no refresh follows, with a file that is only there while it is written.
    gateway.ttl = 36_000
    gateway.always = None
    until(lambda: sidecar.token() != old)
    until(lambda: sidecar.termination == "")
    assert list(sidecar.file().parent.iterdir()) == [sidecar.file()]


def test_the_gateway_is_away_for_longer_than_the_refresh_window(sidecar: Sidecar, gateway: FaultGateway) -> None:
    sidecar.start(gateway.url)
    until(sidecar.token)
    gateway.refuse()
    until(lambda: "Connection refused" in sidecar.failures())
    old, count = sidecar.token(), len(gateway.issued)
    until(lambda: any(line.get("tokenValid") is False for line in sidecar.log))
    assert sidecar.token() == old, "it is of no use any more, but it is not this program's to remove"
    gateway.listen_again()
    until(lambda: sidecar.token() in gateway.issued[count:])


def test_retry_after_is_honoured(sidecar: Sidecar, gateway: FaultGateway) -> None:
    gateway.faults = [fault.status(503, "Retry-After: 3")]
    sidecar.start(gateway.url)
    until(sidecar.token)
    first, second = [at for at, _, _ in gateway.token_calls][:2]
    assert second - first >= 3
    line = sidecar.lines("token not refreshed")[0]
    assert line["retryAfterSeconds"] == 3 and 3 <= float(line["retryIn"].removesuffix("s")) <= 4


def test_retry_after_a_date_is_honoured_up_to_ten_minutes(sidecar: Sidecar, gateway: FaultGateway) -> None:
    """By what it logs."""
    date = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + 36_000))
    gateway.always = fault.status(503, f"Retry-After: {date}")
    sidecar.start(gateway.url)
    line = until(lambda: sidecar.lines("token not refreshed"))[0]
    assert 600 < line["retryAfterSeconds"] <= 36_000
    assert 600 <= float(line["retryIn"].removesuffix("s")) <= 601


SYN_SENT, ESTABLISHED = "02", "01"


def states(listener: socket.socket, ours: list[socket.socket]) -> list[str]:
    """Of the connections to the listener by others than us, as the kernel names them (proc(5), /proc/net/tcp)."""
    own = [one.getsockname()[1] for one in ours]
    found = []
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        _, local, remote, state = line.split()[:4]
        if int(remote.split(":")[1], 16) == listener.getsockname()[1] and int(local.split(":")[1], 16) not in own:
            found.append(state)
    return found


@pytest.mark.parametrize("state", ["connecting", "handshake", "waiting", "in the body", "idle", "backing off"])
def test_sigterm_ends_it_wherever_it_is(state: str, sidecar: Sidecar, gateway: FaultGateway) -> None:
    """Whatever it waits for does not come before the test is given up."""
    url = gateway.url
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    # Nobody takes the connection from a queue of one: the handshake hangs, and the next connections are not accepted.
    listener.listen(0)
    fillers: list[socket.socket] = []
    if state in ["connecting", "handshake"]:
        url = f"https://127.0.0.1:{listener.getsockname()[1]}"
    if state == "connecting":
        for _ in range(4):
            fillers.append(socket.socket())
            fillers[-1].setblocking(False)
            fillers[-1].connect_ex(listener.getsockname())
    gateway.ttl = 36_000
    gateway.always = {
        "waiting": fault.hang, "in the body": fault.hang_in_body,
        "backing off": fault.status(503, "Retry-After: 600"),
    }.get(state)  # fmt: skip
    sidecar.start(url)
    if state == "idle":
        until(sidecar.token)
    elif state == "backing off":
        until(sidecar.failures)
    elif state in ["waiting", "in the body"]:
        until(lambda: gateway.token_calls)
    else:
        wanted = SYN_SENT if state == "connecting" else ESTABLISHED
        until(lambda: wanted in states(listener, fillers), f"a connection in state {wanted}")
    failures = sidecar.failures()
    sidecar.stop()
    assert sidecar.failures() == failures, "no call of it has come to an end"
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
        until(lambda: sidecar.token() in gateway.issued[count:])
        sidecar.stop()
    finally:
        subprocess.run(["umount", "--lazy", str(disk)], check=True)
