"""The cloud of the tests: moto, a strict STS that reads issuers through a caching CDN, and proxies with faults on demand.

Moto and the STS are there once; a test has a bucket, a distribution, a role, an edge and proxies of its own.
"""

import os
import re
import secrets
import sys
import threading
import unittest.mock
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aws_publication
import child_process
from aws_publication import Publication
from edge import Edge, Front
from fault_proxy import FaultProxy
from fault_rule import Request
from gateway_program import CLUSTER
from issuer_documents import Address, IssuerDocuments
from moto_account import account_client
from strict_sts import StrictSTS
from waiting import until

ACCOUNT = "111111111111"
MOTO = Path(__file__).parents[1] / "Peers" / "moto_program.py"
AUDIENCE = "sts.amazonaws.com"
KEYS, DISCOVERY = "certs", ".well-known/openid-configuration"


@dataclass(frozen=True)
class Administrator:
    """A user with credentials."""

    key: str
    secret: str

    @property
    def environment(self) -> dict[str, str]:
        return {"AWS_ACCESS_KEY_ID": self.key, "AWS_SECRET_ACCESS_KEY": self.secret}


@dataclass(frozen=True)
class Place:
    """A bucket with its distribution and role, accessed without the gateway and the proxies."""

    moto: str
    publication: Publication

    @property
    def bucket(self) -> str:
        return self.publication.bucket

    @property
    def s3(self) -> Any:
        return account_client(self.moto, ACCOUNT, "s3")

    def head(self, key: str) -> dict[str, Any] | None:
        """The object; None if it does not exist."""
        listed = self.s3.list_objects_v2(Bucket=self.bucket, Prefix=key).get("Contents", [])
        return self.s3.head_object(Bucket=self.bucket, Key=key) if listed else None

    def owner(self, key: str) -> str | None:
        return (self.head(key) or {}).get("Metadata", {}).get("sts-owner")

    def get(self, key: str) -> bytes:
        return self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()

    def put(self, key: str, content: bytes, **more: Any) -> None:
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=content, ContentType="application/json", **more)

    def put_stamped(self, key: str, content: bytes, owner: str, revision: int) -> None:
        """Writes a document with a stamp, as a gateway with that key ring does."""
        stamp = {"sts-owner": owner, "sts-revision": str(revision)}
        self.put(key, content, CacheControl="max-age=300", Metadata=stamp)

    def change(self, key: str, content: bytes) -> None:
        """Writes other content with the existing metadata."""
        there = self.s3.head_object(Bucket=self.bucket, Key=key)
        self.put(key, content, CacheControl=there["CacheControl"], Metadata=there["Metadata"])

    def delete(self, key: str) -> None:
        self.s3.delete_object(Bucket=self.bucket, Key=key)

    def put_old_documents(self) -> None:
        """Writes documents as an operator uploads them by hand."""
        self.put(KEYS, OLD_KEYS, CacheControl="max-age=300")
        self.put(DISCOVERY, OLD_DISCOVERY, CacheControl="max-age=300")

    @property
    def invalidations(self) -> list[dict[str, Any]]:
        """All invalidation batches in order."""
        client, name = account_client(self.moto, ACCOUNT, "cloudfront"), self.publication.distribution
        listed = client.list_invalidations(DistributionId=name)["InvalidationList"].get("Items") or []
        return [
            client.get_invalidation(DistributionId=name, Id=one["Id"])["Invalidation"]["InvalidationBatch"]
            for one in listed
        ]


OLD_KEYS = b'{"keys":[]}'
OLD_DISCOVERY = b'{"issuer":"https://old.example"}'


class Cloud:
    """The parts that all tests share."""

    def __init__(self, moto: str, pki: Path) -> None:
        self.moto = moto
        self.pki = pki
        self.connect_to: dict[str, Address] = {}
        self.sts = StrictSTS(("127.0.0.1", 0), moto, IssuerDocuments(str(pki / "ca.pem"), self.connect_to))
        self.sts_log: list[str] = []
        iam = account_client(moto, ACCOUNT, "iam")
        iam.create_user(UserName="administrator")
        made = iam.create_access_key(UserName="administrator")["AccessKey"]
        self.administrator = Administrator(made["AccessKeyId"], made["SecretAccessKey"])

    @contextmanager
    def running(self) -> Iterator["Cloud"]:
        threading.Thread(target=self.sts.serve_forever, args=(0.05,), daemon=True).start()
        try:
            with unittest.mock.patch("strict_sts.log", side_effect=self.sts_log.append):
                yield self
        finally:
            self.sts.shutdown()
            self.sts.server_close()


class Surroundings:
    """The parts of one test: a CDN, and proxies in front of moto and of the STS."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self.edge = Edge(cloud.moto, cloud.pki).start()
        self.proxy = FaultProxy(cloud.moto, ACCOUNT).start()
        self.sts = FaultProxy(cloud.sts.url).start()
        self.sts.secrets = self.proxy.secrets
        self.proxy.secrets[cloud.administrator.key] = (cloud.administrator.secret, None)
        self.places: list[Place] = []
        self.documents = [KEYS, DISCOVERY]
        """The objects that the publisher role may use."""

    def place(self, endpoint: str = "one", region: str = "us-east-1", **more: Any) -> Place:
        """Creates a bucket with its distribution and role, which the CDN serves from now on."""
        bucket = f"issuer-{endpoint[:30]}-{secrets.token_hex(4)}"
        made = aws_publication.set_up(
            self.cloud.moto, ACCOUNT, bucket, region, CLUSTER, endpoint, f"publisher-{bucket}", [AUDIENCE], **more
        )
        self.edge.fronts[made.domain] = Front(ACCOUNT, bucket, more.get("prefix", ""), made.distribution)
        host, port = self.edge.address.split(":")
        self.cloud.connect_to[made.domain] = (host, int(port))
        self.places.append(Place(self.cloud.moto, made))
        return self.places[-1]

    def objects(self, place: Place, method: str = ".*", key: str = ".*") -> list[Request]:
        """The requests for the objects of a bucket."""
        return self.proxy.requests(method, f"/{place.bucket}/{key}")

    def invalidations(self, place: Place, method: str = ".*") -> list[Request]:
        return self.proxy.requests(method, f"/2020-05-31/distribution/{place.publication.distribution}/invalidation.*")

    def cache_old_documents(self, place: Place) -> None:
        """Writes documents as an operator uploads them by hand, and lets the CDN cache them."""
        place.put_old_documents()
        for key in [KEYS, DISCOVERY]:
            self.edge.answer(place.publication.domain, f"/{key}")

    def stop(self) -> None:
        for server in [self.edge, self.proxy, self.sts]:
            server.stop()

    def check_least_privilege(self) -> None:
        """Checks that only operations of the publisher role were called."""
        allowed = {
            (method, f"/{place.bucket}/{more}{key}")
            for place in self.places
            for method in ["HEAD", "GET", "PUT"]
            for more in ["", "origin/", "team/one/", "origin/team/one/"]
            for key in self.documents
        }
        for request in self.proxy.seen:
            is_invalidation = request.path.startswith("/2020-05-31/distribution/") and (
                request.method == "POST" and request.path.endswith("/invalidation")
                or request.method == "GET" and "/invalidation/" in request.path
            )
            assert is_invalidation or (request.method, request.path) in allowed, f"{request.method} {request.path}"
            assert not any("acl" in name or "grant" in name for name in request.headers), "no ACL is ever sent"


@contextmanager
def moto_process(folder: Path) -> Iterator[str]:
    """Starts a moto server without the AWS configuration of the machine; returns its URL."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    file = folder / "moto.log"
    with file.open("wb") as log:
        process = child_process.start(
            [sys.executable, str(MOTO), "-H", "127.0.0.1", "-p", "0"], stdout=log, stderr=log, env=environment
        )

    def url() -> str | None:
        assert process.poll() is None, f"moto did not start: {file.read_text()}"
        found = re.search(r"Running on (http://127\.0\.0\.1:\d+)\s", file.read_text())
        return found[1] if found else None

    try:
        yield until(url, "moto's start")
    finally:
        child_process.kill(process)
