"""Which certificates of the gateway the sidecar accepts."""

import datetime
from pathlib import Path

import pki
import pytest
from fault_gateway import FaultGateway
from sidecar_program import Sidecar
from waiting import until

DAY = datetime.timedelta(days=1)
INVALID = {
    "another name": (["other.example"], -DAY, DAY, 'it is not valid for "127.0.0.1"'),
    "another address": (["127.0.0.2"], -DAY, DAY, 'it is not valid for "127.0.0.1"'),
    "a name instead of the address": (["localhost"], -DAY, DAY, 'it is not valid for "127.0.0.1"'),
    "expired": (["127.0.0.1"], -DAY, -DAY / 2, "certificate has expired"),
    "not yet valid": (["127.0.0.1"], DAY / 2, DAY, "not yet valid"),
}


@pytest.mark.parametrize("name", INVALID)
def test_an_invalid_certificate_is_rejected_with_the_reason(name: str, sidecar: Sidecar, tmp_path: Path) -> None:
    names, begins, ends, reason = INVALID[name]
    pki.write(tmp_path / "pki", names, begins, ends)
    gateway = FaultGateway(tmp_path / "pki").start()
    sidecar.start(gateway.url)
    until(lambda: reason in sidecar.failures())
    assert not gateway.token_calls and not sidecar.token()
    gateway.stop()


def test_a_certificate_of_an_unknown_ca_is_rejected(sidecar: Sidecar, tmp_path: Path) -> None:
    pki.write(tmp_path / "foreign", ["127.0.0.1"])
    gateway = FaultGateway(tmp_path / "foreign").start()
    sidecar.start(gateway.url)
    until(lambda: "--ca-file" in sidecar.failures())
    assert not gateway.token_calls
    # PEM text works as well as a file.
    sidecar.stop()
    sidecar.start(gateway.url, STS_CA_FILE="", STS_CA_CERTIFICATES=(tmp_path / "foreign/ca.pem").read_text())
    until(sidecar.token)
    gateway.stop()


def test_a_host_name_is_resolved_and_verified(sidecar: Sidecar, gateway: FaultGateway) -> None:
    sidecar.start(f"https://localhost:{gateway.port}")
    until(sidecar.token)
    sidecar.stop()
    sidecar.start("https://no-such-host.invalid:8443")
    until(lambda: 'cannot resolve "no-such-host.invalid"' in sidecar.failures())


def test_a_new_ca_is_stored_before_it_is_used_and_survives_a_restart(
    sidecar: Sidecar, gateway: FaultGateway, tmp_path: Path
) -> None:
    pki.write(tmp_path / "next", ["127.0.0.1"])
    gateway.bundle = (tmp_path / "pki/ca.pem").read_bytes() + (tmp_path / "next/ca.pem").read_bytes()
    sidecar.start(gateway.url)
    cache = tmp_path / "tokens/.ca-bundle.pem"
    until(lambda: cache.exists() and cache.read_bytes() == gateway.bundle)
    gateway.serve_with(tmp_path / "next")
    count = len(gateway.issued)
    until(lambda: len(gateway.issued) >= count + 2)
    assert sidecar.failures() == ""
    assert gateway.bundle_calls[0] is None and gateway.bundle_calls[-1] is not None, "the request is conditional"
    sidecar.stop()
    sidecar.file().unlink()
    sidecar.start(gateway.url)
    until(sidecar.token)
    assert sidecar.failures() == ""


@pytest.mark.parametrize("bundle", [b"", b"garbage", b"x" * 300_000])
def test_an_invalid_bundle_is_not_stored(bundle: bytes, sidecar: Sidecar, gateway: FaultGateway, tmp_path: Path) -> None:
    gateway.bundle = bundle
    sidecar.start(gateway.url)
    until(lambda: len(gateway.issued) >= 2)
    assert not (tmp_path / "tokens/.ca-bundle.pem").exists()
    assert "CA bundle not updated" in {line["message"] for line in sidecar.log}
    assert sidecar.failures() == ""
