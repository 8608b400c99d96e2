"""The commands `once` and `probe`, and invalid settings."""

import json
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
    assert sidecar.call("--help").stdout.count("STS_") == 16


def test_files_are_written_before_the_tokens_and_probed(sidecar: Sidecar, gateway: FaultGateway) -> None:
    settings = {"STS_ENDPOINTS": "one,two", "STS_FILES": json.dumps({"one/config.json": '{"a": "é$(HOME)"}\n', "two/b": ""})}
    gateway.always = fault.status(500)
    failed = sidecar.call("once", gateway.url, STS_DEADLINE="1s", **settings)
    assert failed.returncode == 69
    folder = sidecar.file("one").parent
    assert (folder / "config.json").read_text() == '{"a": "é$(HOME)"}\n', "the file does not wait for the token"
    assert sidecar.call("probe", **settings).returncode == 1
    gateway.always = None
    assert sidecar.call("once", gateway.url, **settings).returncode == 0
    assert sidecar.call("probe", **settings).returncode == 0
    assert (folder / "config.json").stat().st_mode & 0o777 == 0o644
    assert sorted(path.name for path in folder.iterdir()) == ["config.json", "token"]
    (folder / "config.json").write_text("{}")
    changed = sidecar.call("probe", **settings)
    assert changed.returncode == 1 and "has another content than STS_FILES" in changed.stderr


def test_files_outside_the_folder_of_an_endpoint_are_rejected(sidecar: Sidecar) -> None:
    for path in ["../x", "one/../x", "one/token", "one/.hidden", "one/a/b", "/etc/x", "one/", "one", "three/x", "one/token.sts-sidecar"]:
        invalid = sidecar.call("once", STS_FILES=json.dumps({path: "x"}))
        assert invalid.returncode == 64 and "--files: " in invalid.stderr, path
    for value in ["[]", "{", '{"one/a": 1}', '{"one/a": "", "one/a": ""}', json.dumps({"one/a": "x" * 70_000})]:
        invalid = sidecar.call("once", STS_FILES=value)
        assert invalid.returncode == 64 and "--files: invalid value" in invalid.stderr, value[:40]


def test_requested_lifetimes_name_endpoints_and_durations(sidecar: Sidecar) -> None:
    for value in ["two=720s", "one", "one=720", "one=25h", "one=59s"]:
        invalid = sidecar.call("once", STS_LIFETIMES=value)
        assert invalid.returncode == 64 and "--lifetime: " in invalid.stderr, value


def test_renewal_rules_name_endpoints_and_durations(sidecar: Sidecar) -> None:
    for value in ["two=720s", "one", "one=720", "one=25h", "=1s"]:
        invalid = sidecar.call("once", STS_RENEW_BEFORE=value)
        assert invalid.returncode == 64 and "--renew-before: " in invalid.stderr, value
