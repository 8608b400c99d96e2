"""Tests of the fake CDN: it serves and caches the objects of the bucket, and removes invalidated ones."""

import http.client
import json
import math
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from moto.server import ThreadedMotoServer

import aws_publication
import pki
from aws_publication import Publication
from edge import Edge, Front
from moto_account import account_client
from waiting import DEADLINE

ACCOUNT = "333333333333"


@pytest.fixture(scope="module")
def moto() -> Iterator[str]:
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("AWS_PROFILE", raising=False)
        server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        server.start()
        yield "http://{}:{}".format(*server.get_host_and_port())
        server.stop()


@pytest.fixture
def publication(moto: str, request: pytest.FixtureRequest) -> Publication:
    bucket = "edge-" + request.node.name.removeprefix("test_").replace("_", "-")[:50].strip("-")
    return aws_publication.set_up(
        moto, ACCOUNT, bucket, "eu-central-1", "trial", "one", bucket, ["sts.amazonaws.com"], "origin"
    )


@pytest.fixture
def edge(moto: str, publication: Publication, tmp_path: Path) -> Iterator[Edge]:
    pki.write(tmp_path, [publication.domain])
    front = Front(ACCOUNT, publication.bucket, "origin", publication.distribution)
    made = Edge(moto, tmp_path, {publication.domain: front}, error_seconds=math.inf).start()
    yield made
    made.stop()


class Viewer:
    """Reads one host over TLS with verification of the certificate."""

    def __init__(self, edge: Edge, host: str, authority: Path) -> None:
        self.edge, self.host = edge, host
        self.context = ssl.create_default_context(cafile=str(authority))

    def get(self, path: str, method: str = "GET") -> tuple[int, bytes, dict[str, str]]:
        plain = socket.create_connection(("127.0.0.1", self.edge.server_port), DEADLINE)
        connection = http.client.HTTPConnection(self.host, timeout=DEADLINE)
        connection.sock = self.context.wrap_socket(plain, server_hostname=self.host)
        connection.request(method, path)
        answer = connection.getresponse()
        found = answer.status, answer.read(), dict(answer.getheaders())
        connection.close()
        return found


@pytest.fixture
def viewer(edge: Edge, publication: Publication, tmp_path: Path) -> Viewer:
    return Viewer(edge, publication.domain, tmp_path / "ca.pem")


def put(moto: str, publication: Publication, content: bytes) -> None:
    account_client(moto, ACCOUNT, "s3").put_object(
        Bucket=publication.bucket, Key="origin/certs", Body=content, ContentType="application/json",
        CacheControl="max-age=300",
    )  # fmt: skip


def invalidate(moto: str, publication: Publication, *paths: str) -> None:
    account_client(moto, ACCOUNT, "cloudfront").create_invalidation(
        DistributionId=publication.distribution,
        InvalidationBatch={"Paths": {"Quantity": len(paths), "Items": list(paths)}, "CallerReference": repr(paths)},
    )


def test_an_object_has_its_headers_and_is_cached(moto: str, publication: Publication, viewer: Viewer) -> None:
    put(moto, publication, b"one")
    status, content, headers = viewer.get("/certs")
    assert (status, content) == (200, b"one")
    assert (headers["Content-Type"], headers["Cache-Control"]) == ("application/json", "max-age=300")
    assert headers["ETag"] and headers["X-Cache"] == "Miss from cloudfront"
    put(moto, publication, b"two")
    assert viewer.get("/certs")[:2] == (200, b"one"), "no invalidation, no change"
    status, content, headers = viewer.get("/certs", "HEAD")
    assert (status, content, headers["X-Cache"]) == (200, b"", "Hit from cloudfront")
    assert headers["Content-Length"] == "3"


def test_an_invalidation_of_the_path_removes_the_object(
    moto: str, publication: Publication, edge: Edge, viewer: Viewer
) -> None:
    put(moto, publication, b"one")
    viewer.get("/certs")
    put(moto, publication, b"two")
    invalidate(moto, publication, "/other", "/certs2")
    assert viewer.get("/certs")[1] == b"one", "it has other paths"
    edge.delay = math.inf
    invalidate(moto, publication, "/certs")
    assert viewer.get("/certs")[1] == b"one", "it is delayed"
    edge.delay = 0
    assert viewer.get("/certs")[1] == b"two"
    put(moto, publication, b"three")
    assert viewer.get("/certs")[1] == b"two", "it is complete"
    invalidate(moto, publication, "/c*")
    assert viewer.get("/certs")[1] == b"three"


def test_an_absent_object_is_denied_and_the_error_is_cached(
    moto: str, publication: Publication, edge: Edge, viewer: Viewer
) -> None:
    status, content, _ = viewer.get("/certs")
    assert status == 403 and b"<Code>AccessDenied</Code>" in content
    put(moto, publication, b"one")
    assert viewer.get("/certs")[0] == 403, "the error is in the cache"
    invalidate(moto, publication, "/certs")
    assert viewer.get("/certs")[0] == 200
    edge.error_seconds = 0
    assert viewer.get("/absent")[0] == viewer.get("/absent")[0] == 403
    assert edge.reads.count((publication.domain, "/certs")) == 3


def test_an_unknown_host_is_denied(edge: Edge) -> None:
    assert edge.answer("other.example", "/certs")[0].status == 403


def test_a_front_is_parsed() -> None:
    place = Front.parse("D1.cloudfront.net=111111111111/bucket/a/b/,E1")
    assert place == ("d1.cloudfront.net", Front("111111111111", "bucket", "a/b", "E1"))
    assert Front.parse("d1=1/bucket") == ("d1", Front("1", "bucket"))
    with pytest.raises(ValueError):
        Front.parse("d1=1")


def test_setting_up_again_changes_nothing(moto: str, publication: Publication) -> None:
    made: Any = aws_publication.set_up(
        moto, ACCOUNT, publication.bucket, "eu-central-1", "trial", "one", publication.bucket, ["sts.amazonaws.com"],
        "origin",
    )  # fmt: skip
    assert made == publication
    iam = account_client(moto, ACCOUNT, "iam")
    trust = iam.get_role(RoleName=publication.bucket)["Role"]["AssumeRolePolicyDocument"]
    assert trust["Statement"][0]["Condition"]["StringEquals"] == {
        f"{publication.domain}:aud": ["sts.amazonaws.com"],
        f"{publication.domain}:sub": "sts-gateway:publisher:trial:one",
    }
    policy = iam.get_role_policy(RoleName=publication.bucket, PolicyName="publish")["PolicyDocument"]
    assert json.dumps(policy).count("Action") == 2 and "*" not in json.dumps(policy)
