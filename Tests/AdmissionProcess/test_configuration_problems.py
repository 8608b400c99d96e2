"""Problems of a configuration: in the output of `config check`, and as log lines of `serve`."""

import datetime
import json
from collections.abc import Callable
from pathlib import Path

import child_process
import pytest
from built_programs import REPOSITORY
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from .gateway_process import Gateway

PADDING = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.55555.1"), bytes(8_000))
"""Makes a certificate as long as ten others."""


def ca(name: str) -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(now)
        .not_valid_after(now + datetime.timedelta(days=1)).add_extension(PADDING, critical=False)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    return made.public_bytes(serialization.Encoding.PEM).decode()


class WithCAFile(Gateway):
    """A gateway with a `ca` file of its certificate."""

    def write(self) -> Path:
        file = super().write()
        configuration = json.loads(file.read_text())
        configuration["tls"]["certificates"][0]["ca"] = str(self.folder / "ca.pem")
        new = self.folder / "gateway.yaml.new"
        new.write_text(json.dumps(configuration))
        return new.rename(file)


@pytest.fixture
def gateway(make: Callable[..., Gateway]) -> WithCAFile:
    made = make()
    made.__class__ = WithCAFile
    assert isinstance(made, WithCAFile)
    return made


@pytest.mark.parametrize(
    ("count", "with_own", "status", "text"),
    [
        (3, False, 0, ""),
        (7, False, 0, "warning: tls.certificates[0].ca: the CA certificates in"),
        (12, False, 1, "error: tls.certificates[0].ca: the CA certificates in"),
        # Of a long file those CAs are used that the certificate chain ends in.
        (12, True, 0, ""),
    ],
)
def test_config_check_reports_cas_that_are_too_long_for_a_variable(
    gateway: WithCAFile, count: int, with_own: bool, status: int, text: str
) -> None:
    own = (gateway.pki / "ca.pem").read_text() if with_own else ""
    (gateway.folder / "ca.pem").write_text("".join(ca(f"CA {index}") for index in range(count)) + own)
    gateway.write()
    file = gateway.folder / "gateway.yaml"
    plugins = ["--plugins", str(REPOSITORY / "plugins.json")]
    done = child_process.run([gateway.program, "config", "check", str(file), *plugins], cwd=gateway.folder)
    output = done.stdout + done.stderr
    assert done.returncode == status, output
    assert ("bytes long, and every injected container gets them" in output) == bool(text), output
    assert text in output
    if status == 0:
        # The same at the start, as a line of the log.
        gateway.serve()
        assert [json.loads(line) for line in gateway.text.splitlines()], "every line is JSON"
        warnings = [line["problem"] for line in gateway.log if line["message"] == "configuration warning"]
        assert any("bytes long" in one for one in warnings) == bool(text)
        gateway.stop()


def test_serve_logs_the_warnings_of_the_configuration_as_json_among_json(make: Callable[..., Gateway]) -> None:
    gateway = make()
    write = gateway.write

    def without_rules() -> Path:
        file = write()
        configuration = json.loads(file.read_text())
        configuration["sts"]["endpoints"][0]["azRules"] = []
        new = gateway.folder / "gateway.yaml.new"
        new.write_text(json.dumps(configuration))
        return new.rename(file)

    gateway.write = without_rules  # type: ignore[method-assign]
    gateway.serve()
    lines = [json.loads(line) for line in gateway.text.splitlines()]
    (warning,) = [line for line in lines if line["message"] == "configuration warning"]
    assert warning["level"] == "warning" and "azRules" in warning["problem"]
    gateway.stop()
