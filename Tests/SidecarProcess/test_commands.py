"""`once`, `probe`, and settings that are wrong."""

import resource

import fault_gateway as fault
from fault_gateway import FaultGateway
from sidecar_program import Sidecar


def test_once_fetches_and_ends(sidecar: Sidecar, gateway: FaultGateway) -> None:
    gateway.faults = [fault.status(500)]
    done = sidecar.call("once", gateway.url, STS_ENDPOINTS="one,two")
    assert done.returncode == 0, done.stderr
    assert sidecar.token("one") in gateway.issued and sidecar.token("two") in gateway.issued
    assert len(gateway.token_calls) == 3, "what has its token is not asked for again"


def test_once_gives_up_at_its_deadline_and_says_why(sidecar: Sidecar, gateway: FaultGateway) -> None:
    gateway.always = fault.status(500)
    done = sidecar.call("once", gateway.url, STS_DEADLINE="2s")
    assert done.returncode == 69
    assert "sts-sidecar: one: the gateway answered 500" in done.stderr
    assert "answered 500" in sidecar.termination


def test_probe_tells_a_valid_token_from_none_and_from_an_ended_one(sidecar: Sidecar, gateway: FaultGateway) -> None:
    missing = sidecar.call("probe")
    assert missing.returncode == 1 and "No such file" in missing.stderr
    assert sidecar.call("once", gateway.url).returncode == 0
    assert sidecar.call("probe").returncode == 0
    assert sidecar.call("probe", STS_ENDPOINTS="one,two").returncode == 1
    sidecar.file().write_text(fault.token(-1))
    ended = sidecar.call("probe")
    assert ended.returncode == 1 and "the token ended at" in ended.stderr
    sidecar.file().write_text("garbage")
    assert "holds no token" in sidecar.call("probe").stderr
    used = processor_seconds()
    for _ in range(10):
        sidecar.call("probe")
    assert (processor_seconds() - used) / 10 < 0.5


def processor_seconds() -> float:
    """Of all children that have ended, however long they took."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def test_bad_settings_are_told_all_at_once(sidecar: Sidecar) -> None:
    bad = sidecar.call(
        "run", "http://plain.example", STS_ENDPOINTS="One,two=x", STS_WIRE="old", STS_TOKEN_MODE="9", STS_TIMEOUT="1",
    )  # fmt: skip
    assert bad.returncode == 64
    for flag in ["--server", "--endpoint: \"One\"", "--endpoint: \"x\"", "--wire", "--token-mode", "--timeout"]:
        assert flag in bad.stderr
    assert sidecar.call("walk").returncode == 64
    assert sidecar.call("--help").stdout.count("STS_") == 12
