"""The gateway's self-signed CA and serving certificate with a key directory, verified by OpenSSL and cryptography.

    .venv/bin/python -m pytest -q Tests/Peers/test_serving_certificates.py
"""

import datetime
import http.client
import json
import socket
import ssl
import tempfile
import unittest
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.verification import PolicyBuilder, Store

import child_process
import cluster_identity
from built_programs import built_gateway
from gateway_program import GatewayProgram
from pki import general_name
from waiting import DEADLINE, until

NAME = "sts.internal.example"


class SelfSignedGateway(GatewayProgram):
    """Without configured certificates."""

    def write(self) -> Path:
        configuration = {
            "tls": {"names": [NAME]},
            "review": {"offline": {"jwks": str(self.identity / "jwks.json"), "issuer": cluster_identity.ISSUER}},
            "keyStore": {"directory": str(self.keys)},
            "limits": self.limits,
            "sts": {"endpoints": list(self.endpoints.values())},
        }
        file = self.folder / "gateway.yaml"
        file.write_text(json.dumps(configuration))
        return file

    @property
    def bundle(self) -> Path:
        return self.keys / "serving-ca.pem"

    @property
    def document(self) -> dict[str, Any]:
        return json.loads((self.keys / "serving.json").read_text())

    def leaf(self, port: int, name: str) -> x509.Certificate:
        """The result of OpenSSL's verification of a listener for that name or address."""
        context = ssl.create_default_context(cafile=str(self.bundle))
        with (
            socket.create_connection(("127.0.0.1", port), DEADLINE) as plain,
            context.wrap_socket(plain, server_hostname=name) as secure,
        ):
            return x509.load_der_x509_certificate(secure.getpeercert(binary_form=True) or b"")


class ServingCertificatesCase(unittest.TestCase):
    gateway: SelfSignedGateway

    @classmethod
    def setUpClass(cls) -> None:
        temporary = tempfile.TemporaryDirectory()
        cls.addClassCleanup(temporary.cleanup)
        folder = Path(temporary.name)
        identity = folder / "identity"
        cluster_identity.init(identity)
        cls.gateway = SelfSignedGateway(built_gateway(), folder, identity, folder / "pki")
        cls.gateway.endpoints["one"] = {
            "name": "one", "plugin": "oidc", "audience": "https://example.com", "path": "/one",
            "issuer": {"host": "one.example.com"},
            "azRules": [{"scope": "filter", "constraint": "(namespace=default)"}],
            "subjectToken": {"audiences": ["sts-gateway.trial.svc"]},
        }  # fmt: skip
        cls.addClassCleanup(cls.gateway.kill)
        cls.gateway.serve()

    def webhook_port(self) -> int:
        lines = [line for line in self.gateway.log if line["message"] == "listening"]
        return next(line["port"] for line in reversed(lines) if line["listener"] == "webhook")

    def test_openssl_takes_both_listeners_for_each_name(self) -> None:
        for port in (self.gateway.port, self.webhook_port()):
            for name in ("localhost", "127.0.0.1", NAME):
                with self.subTest(port=port, name=name):
                    self.gateway.leaf(port, name)
        with self.assertRaisesRegex(ssl.SSLCertVerificationError, "ostname mismatch"):
            self.gateway.leaf(self.gateway.port, "other.example")

    def test_another_verifier_takes_it_too(self) -> None:
        leaf = self.gateway.leaf(self.gateway.port, "localhost")
        authorities = x509.load_pem_x509_certificates(self.gateway.bundle.read_bytes())
        for name in ("localhost", NAME):
            verifier = PolicyBuilder().store(Store(authorities)).build_server_verifier(x509.DNSName(name))
            self.assertEqual(len(verifier.verify(leaf, [])), 2)

    def test_the_certificates_are_what_the_documentation_says(self) -> None:
        leaf = self.gateway.leaf(self.gateway.port, "localhost")
        ca = x509.load_pem_x509_certificate(self.gateway.bundle.read_bytes())
        self.assertAlmostEqual((leaf.not_valid_after_utc - leaf.not_valid_before_utc).days, 90, delta=1)
        self.assertAlmostEqual((ca.not_valid_after_utc - ca.not_valid_before_utc).days, 3650, delta=1)
        usage = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        self.assertEqual(list(usage), [x509.ExtendedKeyUsageOID.SERVER_AUTH])
        constraints = ca.extensions.get_extension_for_class(x509.NameConstraints)
        self.assertTrue(constraints.critical)
        permitted = {name.value for name in constraints.value.permitted_subtrees or []}
        self.assertEqual(permitted, {"localhost", NAME})

    def test_openssl_rejects_a_certificate_outside_the_name_constraints(self) -> None:
        issuing = next(entry for entry in self.gateway.document["authorities"] if entry["state"] == "issuing")
        for name, word in [(f"below.{NAME}", None), ("evil.example", "permitted subtree violation")]:
            with self.subTest(name=name):
                said = self.verify(issuing, name)
                if word is None:
                    self.assertEqual(said.returncode, 0, said.stderr)
                else:
                    self.assertNotEqual(said.returncode, 0)
                    self.assertIn(word, said.stderr)

    def verify(self, issuing: dict[str, str], name: str) -> CompletedProcess[str]:
        """The result of OpenSSL for a certificate that the CA has issued for a name."""
        ca = x509.load_pem_x509_certificate(issuing["certificate"].encode())
        key = serialization.load_pem_private_key(issuing["privateKey"].encode(), None)
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        now = datetime.datetime.now(datetime.UTC)
        leaf = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([]))
            .issuer_name(ca.subject)
            .public_key(ec.generate_private_key(ec.SECP256R1()).public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(hours=1))
            .not_valid_after(now + datetime.timedelta(hours=1))
            .add_extension(x509.SubjectAlternativeName([general_name(name)]), critical=True)
            .sign(key, hashes.SHA256())
        )
        file = self.gateway.folder / "leaf.pem"
        file.write_bytes(leaf.public_bytes(serialization.Encoding.PEM))
        command = ["openssl", "verify", "-CAfile", str(self.gateway.bundle), "-verify_hostname", name, str(file)]
        return child_process.run(command)

    def test_the_bundle_is_served_and_a_restart_changes_nothing(self) -> None:
        before = self.gateway.leaf(self.gateway.port, "localhost")
        self.gateway.stop()
        self.gateway.serve()
        self.assertEqual(self.gateway.leaf(self.gateway.port, "localhost"), before)
        context = ssl.create_default_context(cafile=str(self.gateway.bundle))
        connection = http.client.HTTPSConnection("localhost", self.gateway.port, timeout=DEADLINE, context=context)
        connection.request("GET", "/ca-bundle")
        answer = connection.getresponse()
        self.assertEqual((answer.status, answer.read()), (200, self.gateway.bundle.read_bytes()))
        connection.close()

    def test_a_document_that_is_taken_away_comes_back(self) -> None:
        file = self.gateway.keys / "serving.json"
        before = self.gateway.document
        file.unlink()
        until(file.exists, "the serving identity")
        after = self.gateway.document
        self.assertEqual(after["authorities"], before["authorities"])
        self.assertEqual(after["leaf"], before["leaf"])

    def test_no_key_is_ever_said(self) -> None:
        self.assertNotIn("PRIVATE KEY", self.gateway.written)


if __name__ == "__main__":
    unittest.main()
