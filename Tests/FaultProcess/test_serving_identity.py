"""The certificate that the replicas serve expires, or its CA is lost. Workloads trust the CAs of their injection."""

import base64
import copy
import datetime
import json
import ssl
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import secret_scan
from built_programs import built_gateway
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from waiting import until

from .conftest import LONG, Record, last, long
from .outage import NAMESPACE, Outage, Workload

IDENTITY = "sts-gateway-serving"
PATH = f"/api/v1/namespaces/{NAMESPACE}/secrets/{IDENTITY}"
HOUR = datetime.timedelta(hours=1)
Secret = dict[str, Any]


@dataclass
class InjectedWorkload(Workload):
    """Trusts the CAs of its injection."""

    host: str = "localhost"
    bundle: str = ""

    def trusted(self) -> ssl.SSLContext:
        return ssl.create_default_context(cadata=self.bundle)


def stored(outage: Outage) -> Secret:
    """The Secret of the serving identity; empty while there is none."""
    return copy.deepcopy(outage.api.get("secrets", IDENTITY, NAMESPACE) or {})


def bundle(outage: Outage) -> str:
    return base64.b64decode(stored(outage).get("data", {}).get("ca.crt", "")).decode()


def document(secret: Secret) -> dict[str, Any]:
    """The stored identity; empty where it cannot be read."""
    try:
        return json.loads(base64.b64decode(secret["data"]["serving.json"]))
    except (KeyError, ValueError):
        return {}


def put(outage: Outage, secret: Secret) -> None:
    secret["metadata"].pop("resourceVersion", None)
    status, _ = outage.api.answer("PUT", PATH, "application/json", json.dumps(secret).encode())
    assert status == 200


def delete(outage: Outage) -> None:
    status, _ = outage.api.answer("DELETE", PATH, "", b"")
    assert status == 200


@pytest.fixture
def outage(tmp_path: Path, shared: Path) -> Iterator[Outage]:
    """Replicas that serve the certificate of their own CA."""
    with Outage(tmp_path, shared, built_gateway()) as made:
        for replica in made.replicas:
            replica.settings = {"tls": {"names": ["localhost"]}}
        made.begin(lambda *replicas, **more: InjectedWorkload(*replicas, **more, bundle=bundle(made)))
        for authority in document(stored(made))["authorities"]:
            secret_scan.RUN.private_key(authority["privateKey"])
        yield made


def unreadable(outage: Outage) -> None:
    secret = stored(outage)
    secret["data"]["serving.json"] = base64.b64encode(b"{").decode()
    put(outage, secret)


CHANGES: dict[str, Callable[[Outage], None]] = {
    "the serving identity's Secret is deleted": delete,
    "the serving identity's Secret cannot be read": unreadable,
}


@pytest.mark.parametrize("name", [name for name in CHANGES if LONG or "deleted" in name])
def test_changed(name: str, outage: Outage, record: Record) -> None:
    """The leader restores it from memory, with the same CA."""
    trusted = bundle(outage)
    CHANGES[name](outage)
    until(lambda: document(stored(outage)).get("authorities") and bundle(outage) == trusted, "the Secret's return")
    record(outage.cost(name, time.monotonic()))


@long
def test_expired(outage: Outage, record: Record) -> None:
    """The certificate expires while no replica runs: the leader has the CA sign another one."""
    trusted = bundle(outage)
    for replica in outage.replicas:
        replica.kill()
    put(outage, with_expired_certificate(stored(outage)))
    for replica in outage.replicas:
        replica.serve()
    record(outage.cost("the serving certificate expires while no replica runs", time.monotonic()))
    assert bundle(outage) == trusted


def with_expired_certificate(secret: Secret) -> Secret:
    identity = document(secret)
    authority, leaf = identity["authorities"][0], identity["leaf"]
    key = serialization.load_pem_private_key(authority["privateKey"].encode(), None)
    certificate = x509.load_pem_x509_certificate(leaf["certificate"].encode())
    end = datetime.datetime.now(datetime.UTC).replace(microsecond=0) - HOUR
    begin = end - datetime.timedelta(days=90)
    signed = (
        x509.CertificateBuilder(certificate.issuer, certificate.subject, certificate.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(end)
    )
    for extension in certificate.extensions:
        signed = signed.add_extension(extension.value, extension.critical)
    # The CA's key is P-256.
    pem = signed.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)  # type: ignore[arg-type]
    leaf["certificate"] = pem.decode()
    leaf["notBefore"], leaf["notAfter"] = (f"{one:%Y-%m-%dT%H:%M:%SZ}" for one in (begin, end))
    secret["data"]["serving.json"] = base64.b64encode(json.dumps(identity).encode()).decode()
    return secret


@long
def test_lost(outage: Outage, record: Record) -> None:
    """The CA is lost with all replicas: another one is created, and Pods must be recreated."""
    lost = bundle(outage)
    for replica in outage.replicas:
        replica.kill()
    delete(outage)
    for replica in outage.replicas:
        replica.serve()
    until(lambda: bundle(outage) not in ("", lost), "another CA")
    last(outage)
    for workload in outage.workloads:
        assert isinstance(workload, InjectedWorkload)
        workload.bundle = bundle(outage)
        workload.trust_again()
    record(outage.cost("the CA is lost with all replicas, and Pods are recreated", time.monotonic()))
