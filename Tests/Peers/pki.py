#!/usr/bin/env python3
"""A temporary CA and one server certificate of it, with EC P-256 keys.

Sources: RFC 5280 sections 4.2.1.2 (key identifiers), 4.2.1.3 (key usage), 4.2.1.6 (names), 4.2.1.9 (CA or not),
4.2.1.12 (server authentication); RFC 5208 (PKCS #8). The key of the CA is not stored.

    pki.py DIR --name localhost --name 127.0.0.1 --name issuer.example     writes ca.pem, server.pem, server-key.pem
"""

import argparse
import datetime
import ipaddress
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

import secret_scan
from private_file import write_private

HOUR = datetime.timedelta(hours=1)
WEEK = datetime.timedelta(days=7)


def general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def builder(
    subject: str, issuer: str, key: ec.EllipticCurvePrivateKey, begins: datetime.timedelta, ends: datetime.timedelta
) -> x509.CertificateBuilder:
    """The common part of both certificates: names, key, serial number and validity period."""
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + begins)
        .not_valid_after(now + ends)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def key_usage(signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates, key_cert_sign=signs_certificates, crl_sign=signs_certificates,
        content_commitment=False, key_encipherment=False, data_encipherment=False, key_agreement=False,
        encipher_only=False, decipher_only=False,
    )  # fmt: skip


def write(
    directory: Path, names: list[str], begins: datetime.timedelta = -HOUR, ends: datetime.timedelta = WEEK
) -> None:
    """Writes ca.pem, server.pem and server-key.pem for a server with these names and this validity period."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    ca_key, server_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    ca = (
        builder("Temporary CA", "Temporary CA", ca_key, -HOUR, max(ends, WEEK))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(key_usage(signs_certificates=True), critical=True)
        .sign(ca_key, hashes.SHA256())
    )
    server = (
        builder(names[0], "Temporary CA", server_key, begins, ends)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(key_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName([general_name(name) for name in names]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    (directory / "ca.pem").write_bytes(ca.public_bytes(serialization.Encoding.PEM))
    (directory / "server.pem").write_bytes(server.public_bytes(serialization.Encoding.PEM))
    pem = server_key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    secret_scan.RUN.private_key(pem.decode())
    write_private(directory / "server-key.pem", pem)


def main() -> None:
    parser = argparse.ArgumentParser(description="A temporary CA and a server certificate.")
    parser.add_argument("directory", type=Path)
    parser.add_argument("--name", action="append", required=True, help="a DNS name or IP address of the server")
    options = parser.parse_args()
    write(options.directory, options.name)


if __name__ == "__main__":
    main()
