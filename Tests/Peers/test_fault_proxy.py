"""Tests of the fault proxy: it forwards requests, fails on demand, and has rules of S3 and CloudFront that moto lacks."""

import contextlib
import hashlib
import http.client
import socket
import threading
from base64 import b64encode
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from moto.server import ThreadedMotoServer

import aws_publication
from aws_faults import FAULTS, moved
from fault_proxy import FaultProxy, _fault
from moto_account import account_client, plain_session
from waiting import DEADLINE

ACCOUNT = "444444444444"
KEY, SECRET = "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"


@pytest.fixture(scope="module")
def moto() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    url = "http://{}:{}".format(*server.get_host_and_port())
    account_client(url, ACCOUNT, "s3").create_bucket(Bucket="bucket")
    yield url
    server.stop()


@pytest.fixture
def proxy(moto: str) -> Iterator[FaultProxy]:
    made = FaultProxy(moto, ACCOUNT).start()
    made.secrets[KEY] = (SECRET, None)
    yield made
    made.stop()


def client(proxy: FaultProxy, service: str, secret: str = SECRET) -> Any:
    session: boto3.Session = plain_session(KEY, secret)
    config = Config(
        proxies={}, retries={"total_max_attempts": 1}, s3={"addressing_style": "path"},
        request_checksum_calculation="when_required",
    )  # fmt: skip
    return session.client(service, endpoint_url=proxy.url, config=config)


def code(call: Any) -> str:
    with pytest.raises(ClientError) as raised:
        call()
    return raised.value.response["Error"]["Code"]


def test_a_request_of_boto3_is_forwarded_and_recorded(proxy: FaultProxy, moto: str) -> None:
    s3 = client(proxy, "s3")
    s3.put_object(Bucket="bucket", Key="a/b c", Body=b"content", ContentType="text/plain", Metadata={"one": "two"})
    found = s3.head_object(Bucket="bucket", Key="a/b c")
    assert (found["ContentLength"], found["ContentType"], found["Metadata"]) == (7, "text/plain", {"one": "two"})
    assert s3.get_object(Bucket="bucket", Key="a/b c")["Body"].read() == b"content"
    assert [(request.method, request.status) for request in proxy.seen] == [("PUT", 200), ("HEAD", 200), ("GET", 200)]
    assert proxy.seen[0].headers["host"] == proxy.url.removeprefix("http://")
    there = account_client(moto, ACCOUNT, "s3").get_object(Bucket="bucket", Key="a/b c")
    assert there["Body"].read() == b"content", "the account is the proxy's"


def test_a_wrong_secret_is_rejected(proxy: FaultProxy) -> None:
    s3 = client(proxy, "s3", "wrong")
    assert code(lambda: s3.put_object(Bucket="bucket", Key="x", Body=b"")) == "SignatureDoesNotMatch"


def test_a_bucket_rejects_acls(proxy: FaultProxy) -> None:
    s3 = client(proxy, "s3")
    call = lambda: s3.put_object(Bucket="bucket", Key="x", Body=b"", ACL="public-read")  # noqa: E731
    assert code(call) == "AccessControlListNotSupported"


def test_conditions_of_writes_are_checked(proxy: FaultProxy) -> None:
    s3 = client(proxy, "s3")
    assert code(lambda: s3.put_object(Bucket="bucket", Key="c", Body=b"1", IfMatch='"0"')) == "NoSuchKey"
    tag = s3.put_object(Bucket="bucket", Key="c", Body=b"1", IfNoneMatch="*")["ETag"]
    assert code(lambda: s3.put_object(Bucket="bucket", Key="c", Body=b"2", IfNoneMatch="*")) == "PreconditionFailed"
    s3.put_object(Bucket="bucket", Key="c", Body=b"2", IfMatch=tag)
    assert code(lambda: s3.put_object(Bucket="bucket", Key="c", Body=b"3", IfMatch=tag)) == "PreconditionFailed"


def test_of_concurrent_first_writes_one_succeeds(proxy: FaultProxy) -> None:
    gate = threading.Barrier(8)
    writers = [client(proxy, "s3") for _ in range(8)]

    def write(s3: Any) -> None:
        gate.wait(DEADLINE)
        with contextlib.suppress(ClientError):
            s3.put_object(Bucket="bucket", Key="race", Body=b"content", IfNoneMatch="*")

    threads = [threading.Thread(target=write, args=(s3,)) for s3 in writers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(DEADLINE)
    assert sorted(request.status for request in proxy.seen) == [200] + [412] * 7


def test_a_checksum_is_verified_and_stored(proxy: FaultProxy) -> None:
    s3 = client(proxy, "s3")
    good = b64encode(hashlib.sha256(b"one").digest()).decode()
    s3.put_object(Bucket="bucket", Key="s", Body=b"one", ChecksumSHA256=good)
    assert s3.head_object(Bucket="bucket", Key="s", ChecksumMode="ENABLED")["ChecksumSHA256"] == good
    assert code(lambda: s3.put_object(Bucket="bucket", Key="s", Body=b"two", ChecksumSHA256=good)) == "BadDigest"


def test_a_fault_applies_to_its_number_of_requests(proxy: FaultProxy) -> None:
    s3 = client(proxy, "s3")
    proxy.fail("slow-down", "PUT", "/bucket/f.*", count=1)
    proxy.fail("access-denied", "GET", when=lambda request: "x-amz-date" in request.headers)
    proxy.fail("no-such-bucket", "GET", when=lambda request: "x-amz-date" not in request.headers)
    call = lambda: s3.put_object(Bucket="bucket", Key="f", Body=b"")  # noqa: E731
    assert code(call) == "SlowDown"
    call()
    assert code(lambda: s3.get_object(Bucket="bucket", Key="f")) == "AccessDenied"
    proxy.clear()
    assert [request.is_fault for request in proxy.requests("PUT")] == [True, False]


def test_a_denied_head_has_no_body_and_does_not_affect_other_methods(proxy: FaultProxy) -> None:
    s3 = client(proxy, "s3")
    proxy.fail("head-denied")
    s3.put_object(Bucket="bucket", Key="h", Body=b"")
    assert code(lambda: s3.head_object(Bucket="bucket", Key="h")) == "403"


def test_a_moved_bucket_responds_only_in_its_region(proxy: FaultProxy) -> None:
    proxy.fail(moved("us-east-1"))
    client(proxy, "s3").put_object(Bucket="bucket", Key="m", Body=b"")
    proxy.clear()
    proxy.fail(moved("eu-central-1"))
    connection = http.client.HTTPConnection("127.0.0.1", proxy.server_port, timeout=DEADLINE)
    connection.request("HEAD", "/bucket/m")
    answer = connection.getresponse()
    assert (answer.status, answer.getheader("x-amz-bucket-region"), answer.read()) == (301, "eu-central-1", b"")


@pytest.mark.parametrize("fault", ["cut", "cut-in-head"])
def test_a_truncated_response_follows_an_executed_request(fault: str, proxy: FaultProxy) -> None:
    s3 = client(proxy, "s3")
    s3.put_object(Bucket="bucket", Key=fault, Body=b"content")
    proxy.fail(fault, count=1)
    with socket.create_connection(("127.0.0.1", proxy.server_port), DEADLINE) as connection:
        connection.sendall(f"GET /bucket/{fault} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        received = b"".join(iter(lambda: connection.recv(4096), b""))
    head, end, content = received.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 ")
    if fault == "cut":
        assert int(head.lower().split(b"content-length: ")[1].split()[0]) > len(content)
    else:
        assert not end
    assert proxy.seen[-1].is_fault and proxy.seen[-1].status in (200, 403)


def test_invalidations_are_in_progress_at_first_and_a_reference_is_one_invalidation(proxy: FaultProxy, moto: str) -> None:
    made = aws_publication.set_up(moto, ACCOUNT, "edge-bucket", "us-east-1", "c", "one", "r", ["sts.amazonaws.com"])
    cloudfront = client(proxy, "cloudfront")

    def ask(reference: str, *paths: str) -> dict[str, Any]:
        batch = {"Paths": {"Quantity": len(paths), "Items": list(paths)}, "CallerReference": reference}
        return cloudfront.create_invalidation(DistributionId=made.distribution, InvalidationBatch=batch)["Invalidation"]

    proxy.invalidation_looks = 1
    first = ask("one", "/certs")
    assert first["Status"] == "InProgress" and ask("one", "/certs")["Id"] == first["Id"] != ask("two", "/certs")["Id"]
    assert code(lambda: ask("one", "/other")) == "InvalidationBatchAlreadyExists"
    look = lambda: cloudfront.get_invalidation(DistributionId=made.distribution, Id=first["Id"])  # noqa: E731
    assert look()["Invalidation"]["Status"] == "InProgress"
    assert look()["Invalidation"]["Status"] == "Completed"
    proxy.fail("too-many-invalidations", "POST")
    assert code(lambda: ask("three", "/certs")) == "TooManyInvalidationsInProgress"


def test_a_fault_of_the_command_line_is_parsed() -> None:
    rule = _fault("slow-down=PUT,/bucket/a{1,2},2")
    assert (rule.fault, rule.method, rule.path, rule.count) == (FAULTS["slow-down"], "PUT", "/bucket/a{1,2}", 2)
    assert _fault("never=.*,/b").count is None
    with pytest.raises(ValueError):
        _fault("unheard-of=GET,/")
