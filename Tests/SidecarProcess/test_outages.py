"""A failure is logged and retried, the old token stays in place, and SIGTERM ends the sidecar in any state."""

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
    "status 500": (fault.status(500), "responded with 500"),
    "denied by policy": (
        fault.status(400, body=b'{"error":"invalid_request","error_description":"denied by policy"}'),
        "invalid_request: denied by policy",
    ),
    "unknown endpoint": (fault.status(404), "set the path of the endpoint"),
    "a redirect": (fault.status(302, "Location: https://elsewhere.example/"), "redirects are not followed"),
    "no response": (fault.hang, "timed out"),
    "a body that stops": (fault.hang_in_body, "timed out"),
    "a body that drips": (fault.drip, "timed out"),
    "a truncated body": (fault.truncated, "the response is truncated"),
    "a body that is too long": (fault.oversized, "longer than"),
    "an endless header": (fault.endless_header, "header is longer than"),
    "a body that is not JSON": (fault.text(b"<html>"), "not a JSON object"),
    "a JSON array": (fault.text(b"[]"), "not a JSON object"),
    "deeply nested JSON": (fault.text(b'{"a":' * 10_000), "not a JSON object"),
    "no token": (fault.text(b'{"token_type":"N_A"}'), "no string access_token"),
    "a number as the token": (fault.text(b'{"access_token":1}'), "no string access_token"),
    "a token that is not a JWT": (fault.text(b'{"access_token":"abc"}'), "not a JWT"),
    "a token without exp": (fault.text(b'{"access_token":"e30.e30.e30"}'), "not a JWT"),
    "an expired token": (
        lambda gateway, connection: fault.text(b'{"access_token":"%s"}' % fault.token(-5).encode())(
            gateway, connection
        ),
        "the token in the response is expired",
    ),
    "a connection reset": (fault.reset, "the connection"),
}
SILENT = ["no response", "a body that stops", "a body that drips"]
"""Faults that end with the timeout of the sidecar."""


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_logged_and_the_old_token_stays_until_the_next_one(
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
    # The lifetime is so long that no further refresh, with its temporary file, follows.
    gateway.ttl = 36_000
    gateway.always = None
    until(lambda: sidecar.token() != old)
    until(lambda: sidecar.termination == "")
    assert list(sidecar.file().parent.iterdir()) == [sidecar.file()]


def test_the_gateway_is_unavailable_until_the_token_has_expired(sidecar: Sidecar, gateway: FaultGateway) -> None:
    sidecar.start(gateway.url)
    until(sidecar.token)
    gateway.refuse()
    until(lambda: "Connection refused" in sidecar.failures())
    old, count = sidecar.token(), len(gateway.issued)
    until(lambda: any(line.get("tokenValid") is False for line in sidecar.log))
    assert sidecar.token() == old, "an expired token is not removed"
    gateway.listen_again()
    until(lambda: sidecar.token() in gateway.issued[count:])


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_honored(sidecar: Sidecar, gateway: FaultGateway, status: int) -> None:
    gateway.faults = [fault.status(status, "Retry-After: 3")]
    sidecar.start(gateway.url)
    until(sidecar.token)
    first, second = [at for at, _, _ in gateway.token_calls][:2]
    assert second - first >= 3
    line = sidecar.lines("token not refreshed")[0]
    assert line["retryAfterSeconds"] == 3 and 3 <= float(line["retryIn"].removesuffix("s")) <= 4


def test_retry_after_a_date_is_honored_up_to_ten_minutes(sidecar: Sidecar, gateway: FaultGateway) -> None:
    """Checked by the log, since the delay is ten minutes."""
    date = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + 36_000))
    gateway.always = fault.status(503, f"Retry-After: {date}")
    sidecar.start(gateway.url)
    line = until(lambda: sidecar.lines("token not refreshed"))[0]
    assert 600 < line["retryAfterSeconds"] <= 36_000
    assert 600 <= float(line["retryIn"].removesuffix("s")) <= 601


SYN_SENT, ESTABLISHED = "02", "01"


def states(listener: socket.socket, ours: list[socket.socket]) -> list[str]:
    """The states of the other connections to the listener, as in /proc/net/tcp (proc(5))."""
    own = [one.getsockname()[1] for one in ours]
    found = []
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        _, local, remote, state = line.split()[:4]
        if int(remote.split(":")[1], 16) == listener.getsockname()[1] and int(local.split(":")[1], 16) not in own:
            found.append(state)
    return found


@pytest.mark.parametrize("state", ["connecting", "handshake", "waiting", "in the body", "idle", "backing off"])
def test_sigterm_ends_the_sidecar_in_any_state(state: str, sidecar: Sidecar, gateway: FaultGateway) -> None:
    """The event that the sidecar waits for comes later than the deadline of the test."""
    url = gateway.url
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    # Nothing accepts the connection in the queue of one: the handshake hangs, and further connections are not completed.
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
    assert sidecar.failures() == failures, "no exchange has ended"
    for filler in [*fillers, listener]:
        filler.close()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small file system")
def test_a_full_disk_leaves_the_old_token(sidecar: Sidecar, gateway: FaultGateway) -> None:
    disk = sidecar.folder / "tokens"
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=32k", "tmpfs", str(disk)], capture_output=True)
    if mounted.returncode != 0:
        pytest.skip("mounting is not permitted")
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
