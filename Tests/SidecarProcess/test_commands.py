"""The commands `once` and `probe`, and invalid settings."""

import resource

import fault_gateway as fault
from fault_gateway import FaultGateway
from sidecar_program import Sidecar


def test_once_fetches_each_token_and_exits(sidecar: Sidecar, gateway: FaultGateway) -> None:
    gateway.faults = [fault.status(500)]
    done = sidecar.call("once", gateway.url, STS_ENDPOINTS="one,two")
    assert done.returncode == 0, done.stderr
    assert sidecar.token("one") in gateway.issued and sidecar.token("two") in gateway.issued
    assert len(gateway.token_calls) == 3, "a token that was fetched is not requested again"


def test_once_fails_at_its_deadline_with_the_reason(sidecar: Sidecar, gateway: FaultGateway) -> None:
    gateway.always = fault.status(500)
    done = sidecar.call("once", gateway.url, STS_DEADLINE="2s")
    assert done.returncode == 69
    assert "sts-sidecar: one: the gateway responded with 500" in done.stderr
    assert "responded with 500" in sidecar.termination


def test_probe_succeeds_with_valid_tokens_and_fails_with_missing_expired_and_invalid_ones(sidecar: Sidecar, gateway: FaultGateway) -> None:
    missing = sidecar.call("probe")
    assert missing.returncode == 1 and "No such file" in missing.stderr
    assert sidecar.call("once", gateway.url).returncode == 0
    assert sidecar.call("probe").returncode == 0
    assert sidecar.call("probe", STS_ENDPOINTS="one,two").returncode == 1
    sidecar.file().write_text(fault.token(-1))
    expired = sidecar.call("probe")
    assert expired.returncode == 1 and "the token expired at" in expired.stderr
    sidecar.file().write_text("garbage")
    assert "does not contain a JWT" in sidecar.call("probe").stderr
    used = cpu_seconds()
    for _ in range(10):
        sidecar.call("probe")
    assert (cpu_seconds() - used) / 10 < 0.5


def cpu_seconds() -> float:
    """The CPU time of all children that have exited."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def test_all_invalid_settings_are_reported_at_once(sidecar: Sidecar) -> None:
    invalid = sidecar.call(
        "run", "http://plain.example", STS_ENDPOINTS="One,two=x", STS_WIRE="old", STS_TOKEN_MODE="9", STS_TIMEOUT="1",
    )  # fmt: skip
    assert invalid.returncode == 64
    for part in [
        "--server: invalid URL", '--endpoint: invalid name "One"', '--endpoint: invalid path "x"',
        "--wire: invalid value", "--token-mode: invalid mode", "--timeout: invalid duration",
    ]:  # fmt: skip
        assert part in invalid.stderr
    assert sidecar.call("walk").returncode == 64
    assert sidecar.call("--help").stdout.count("STS_") == 13
