"""Token files are refreshed in time, complete and readable."""

import contextlib
import datetime
import os
import re
from pathlib import Path

import fault_gateway as fault
import pytest
import child_process
from fault_gateway import FaultGateway
from sidecar_program import SUBJECT, Sidecar
from waiting import until


def test_every_endpoint_is_refreshed_over_several_lifetimes(sidecar: Sidecar, gateway: FaultGateway) -> None:
    sidecar.start(gateway.url, STS_ENDPOINTS="one,two=/second/path,three")
    until(lambda: len(gateway.token_calls) >= 12)
    for endpoint in ["one", "two", "three"]:
        assert sidecar.token(endpoint) in gateway.issued
    assert {path for _, path, _ in gateway.token_calls} == {"/one/token", "/second/path/token", "/three/token"}
    assert {subject for _, _, subject in gateway.token_calls} == {SUBJECT}
    times = [at for at, path, _ in gateway.token_calls if path == "/one/token"]
    for earlier, later in zip(times, times[1:], strict=False):
        assert later - earlier >= 1.8, "two thirds of three seconds, 10 % less at most"
    sidecar.stop()


def test_a_lingering_sidecar_refreshes_after_sigterm_until_its_time_ends(sidecar: Sidecar, gateway: FaultGateway) -> None:
    gateway.ttl = 1
    sidecar.start(gateway.url, STS_LINGER="5s")
    until(sidecar.token)
    assert sidecar.process is not None
    sidecar.process.terminate()
    until(lambda: sidecar.lines("refreshing after SIGTERM"), "the signal's record")
    calls = len(gateway.token_calls)
    until(lambda: len(gateway.token_calls) > calls, "a refresh after SIGTERM")
    assert sidecar.process.wait() == 0, "without a second signal"


def test_a_second_sigterm_ends_a_lingering_sidecar(sidecar: Sidecar, gateway: FaultGateway) -> None:
    gateway.ttl = 36_000
    sidecar.start(gateway.url, STS_LINGER="24h")
    until(sidecar.token)
    assert sidecar.process is not None
    sidecar.process.terminate()
    until(lambda: sidecar.lines("refreshing after SIGTERM"), "the signal's record")
    sidecar.stop()


def test_all_endpoints_that_are_due_share_one_connection(sidecar: Sidecar, gateway: FaultGateway) -> None:
    gateway.ttl = 36_000
    sidecar.start(gateway.url, STS_ENDPOINTS="one,two,three")
    until(lambda: gateway.bundle_calls, "the last call of the round")
    assert (len(gateway.token_calls), gateway.connections) == (3, 1)


def test_the_next_refresh_is_at_two_thirds_of_the_lifetime(sidecar: Sidecar, gateway: FaultGateway) -> None:
    """Checked by the log."""
    gateway.ttl = 36_000
    sidecar.start(gateway.url)
    line = until(lambda: sidecar.lines("token written"), "the token")[0]
    refresh, end = (datetime.datetime.fromisoformat(line[name]) for name in ["nextRefresh", "expires"])
    assert 0.2 * gateway.ttl <= (end - refresh).total_seconds() <= 0.4 * gateway.ttl + 1, "a third of the lifetime ± 20 %, less the duration of the exchange"


def test_a_reader_never_sees_a_partial_token(sidecar: Sidecar, gateway: FaultGateway) -> None:
    gateway.ttl = 1
    sidecar.start(gateway.url)
    until(sidecar.token)
    reads = 0
    while reads < 20_000 or len(gateway.issued) < 4:
        token = sidecar.file().read_text()
        assert token.count(".") == 2 and token in gateway.issued
        reads += 1
    assert len(gateway.issued) >= 4


def test_the_mode_is_independent_of_the_umask(sidecar: Sidecar, gateway: FaultGateway) -> None:
    sidecar.start(gateway.url, "/bin/sh", "-c", 'umask 077; exec "$0" "$@"')
    until(sidecar.token)
    assert sidecar.file().stat().st_mode & 0o777 == 0o644
    assert sidecar.file().parent.stat().st_mode & 0o777 == 0o755


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can change the user id")
def test_any_user_id_works(sidecar: Sidecar, gateway: FaultGateway, tmp_path_factory: pytest.TempPathFactory) -> None:
    (sidecar.folder / "tokens").chmod(0o777)
    for folder in [sidecar.folder, *list(sidecar.folder.parents)[:3], sidecar.folder / "pki"]:
        if str(folder).startswith("/tmp/"):
            folder.chmod(folder.stat().st_mode | 0o055)
    program = tmp_path_factory.mktemp("program") / "sts-sidecar"
    program.write_bytes(sidecar.program.read_bytes())
    program.chmod(0o755)
    program.parent.chmod(0o755)
    sidecar.program = program
    as_another = ["setpriv", "--reuid=12345", "--regid=12345", "--clear-groups", "--no-new-privs", "--pdeathsig=KILL"]
    sidecar.start(gateway.url, *as_another)
    until(sidecar.token)
    assert sidecar.file().stat().st_uid == 12345


def test_a_replaced_projected_token_is_used_at_once(sidecar: Sidecar, gateway: FaultGateway) -> None:
    sidecar.start(gateway.url)
    until(sidecar.token)
    new = sidecar.folder / "new"
    new.write_text("bmV3.bmV3.bmV3")
    new.rename(sidecar.folder / "subject")
    until(lambda: gateway.token_calls[-1][2] == "bmV3.bmV3.bmV3")


def test_a_missing_an_empty_and_a_binary_projected_token_are_retried(
    sidecar: Sidecar, gateway: FaultGateway
) -> None:
    subject = sidecar.folder / "subject"
    subject.unlink()
    sidecar.start(gateway.url)
    until(lambda: "No such file" in sidecar.termination)
    subject.write_text("\n")
    until(lambda: "is empty" in sidecar.failures())
    subject.write_bytes(b"a\0b")
    until(lambda: "does not contain a token" in sidecar.failures())
    assert not gateway.token_calls
    subject.write_text(SUBJECT)
    until(sidecar.token)
    until(lambda: sidecar.termination == "")


def test_the_openunison_compatible_wire(sidecar: Sidecar, gateway: FaultGateway) -> None:
    sidecar.start(gateway.url + "/aws/token/user", STS_WIRE="stock", STS_ENDPOINTS="")
    until(lambda: len(gateway.token_calls) >= 2)
    assert sidecar.token("token") in gateway.issued
    assert gateway.token_calls[0][1:] == ("/aws/token/user", SUBJECT)
    assert not gateway.bundle_calls


def test_a_chunked_response_and_a_stale_connection_cause_no_failure(sidecar: Sidecar, gateway: FaultGateway) -> None:
    gateway.faults = [fault.chunked, fault.close_after_answer]
    sidecar.start(gateway.url, STS_ENDPOINTS="one,two,three")
    until(lambda: all(sidecar.token(endpoint) for endpoint in ["one", "two", "three"]))
    assert sidecar.failures() == ""


def test_no_proxy_is_ever_used(sidecar: Sidecar, gateway: FaultGateway) -> None:
    dead = "http://127.0.0.1:9"
    sidecar.start(gateway.url, HTTPS_PROXY=dead, https_proxy=dead, ALL_PROXY=dead, all_proxy=dead)
    until(sidecar.token)


def test_ipv6(sidecar: Sidecar) -> None:
    six = FaultGateway(sidecar.folder / "pki", address="::1").start()
    sidecar.start(six.url)
    until(sidecar.token)
    six.stop()


def test_it_does_not_wake_up_between_refreshes(sidecar: Sidecar, gateway: FaultGateway) -> None:
    """The timer is hours away, and nothing else wakes the sidecar while another one refreshes its tokens."""
    gateway.ttl = 36_000
    sidecar.start(gateway.url)
    until(lambda: seconds_to_timer(sidecar) > 3_600 and state(sidecar)["State"].startswith("S"), "the long sleep")
    before = switches(sidecar)
    calls = len(gateway.token_calls)
    gateway.ttl = 3
    (sidecar.folder / "others").mkdir()
    other = Sidecar(sidecar.program, sidecar.folder)
    other.start(gateway.url, STS_TOKEN_DIRECTORY=str(other.folder / "others"))
    try:
        until(lambda: len(gateway.token_calls) >= calls + 3, "two refreshes of the other")
    finally:
        child_process.kill(other.process)
    assert switches(sidecar) == before
    assert seconds_to_timer(sidecar) > 3_600


def state(sidecar: Sidecar) -> dict[str, str]:
    """The fields of /proc/PID/status."""
    assert sidecar.process is not None
    lines = Path(f"/proc/{sidecar.process.pid}/status").read_text().splitlines()
    return dict(line.split(":\t", 1) for line in lines)


def switches(sidecar: Sidecar) -> tuple[str, ...]:
    return tuple(state(sidecar)[name] for name in ["voluntary_ctxt_switches", "nonvoluntary_ctxt_switches"])


def seconds_to_timer(sidecar: Sidecar) -> int:
    """The seconds until the only timer of the process expires; 0 if none is set."""
    assert sidecar.process is not None
    found = []
    for file in Path(f"/proc/{sidecar.process.pid}/fdinfo").iterdir():
        with contextlib.suppress(FileNotFoundError):
            found += re.findall(r"it_value: \((\d+), ", file.read_text())
    assert len(found) <= 1
    return int(found[0]) if found else 0
