"""With `injection.webhook.clientCA` the webhook accepts only clients with a certificate of that CA."""

import ssl
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

import pki

from .gateway_process import Gateway, review

POD = {"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app"}]}}


class CertificateAuthority:
    """A CA for client certificates, such as that of an API server."""

    def __init__(self, folder: Path, name: str) -> None:
        self.file = folder / f"{name}.pem"
        self._folder = folder
        self._name = name
        self._key = ec.generate_private_key(ec.SECP256R1())
        made = (
            pki.builder(name, name, self._key, -pki.HOUR, pki.WEEK)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(pki.key_usage(signs_certificates=True), critical=True)
            .sign(self._key, hashes.SHA256())
        )
        self.file.write_bytes(made.public_bytes(serialization.Encoding.PEM))

    def client(self) -> tuple[Path, Path]:
        """A certificate and its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        made = (
            pki.builder("kube-apiserver", self._name, key, -pki.HOUR, pki.WEEK)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(pki.key_usage(signs_certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        certificate, private = self._folder / f"{self._name}-client.pem", self._folder / f"{self._name}-client-key.pem"
        certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
        private.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return certificate, private


def test_only_a_client_with_a_certificate_of_the_ca_gets_a_response(make: Callable[..., Gateway], tmp_path: Path) -> None:
    trusted, other = CertificateAuthority(tmp_path, "api-server"), CertificateAuthority(tmp_path, "other")
    gateway = make(webhook={"clientCA": str(trusted.file)}).serve()

    def ask(files: tuple[Path, Path] | None) -> int:
        context = gateway.context()
        if files:
            context.load_cert_chain(*files)
        return gateway.post(review(POD), context=context)[0]

    assert ask(trusted.client()) == 200
    for files in [None, other.client()]:
        with pytest.raises((ssl.SSLError, ConnectionError)):
            ask(files)
    # The token listener requires no client certificate.
    assert gateway.exchange() == 200
