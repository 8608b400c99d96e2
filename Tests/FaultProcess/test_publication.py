"""S3 or CloudFront fail while a key rotates: the old key signs, and the new one only when verifiers can have it."""

import http.client
import ssl
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import aws_faults
import cluster_identity
import pytest
from aws_faults import FAULTS, Fault
from built_programs import built_gateway
from PublicationProcess.cloud import Place, Surroundings
from PublicationProcess.conftest import around, cloud  # noqa: F401
from PublicationProcess.gateway_process import Gateway
from RotationProcess.client import Client
from waiting import DEADLINE, until

from .conftest import LONG, Record, long
from .outage import Cost

MAX_AGE = 1


class PublicIssuer:
    """The issuer URL as a verifier reads it: through the CDN."""

    max_age = MAX_AGE

    def __init__(self, around: Surroundings) -> None:  # noqa: F811
        self.address = around.edge.address
        self.context = ssl.create_default_context(cafile=str(around.cloud.pki / "ca.pem"))

    def read(self, host: str, path: str) -> bytes | None:
        connection = http.client.HTTPSConnection(self.address, timeout=DEADLINE, context=self.context)
        connection.request("GET", path, headers={"Host": host})
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        return content if answer.status == 200 else None


@dataclass
class Published(Gateway):
    """A gateway that publishes to S3, and whose tokens a client verifies."""

    def begin(self, place: Place) -> Client:
        self.add(place)
        self.endpoints["one"]["rotation"] = {"every": "30d", "propagation": "2s", "maxAge": f"{MAX_AGE}s"}
        self.issuer = PublicIssuer(self.around)
        self.serve()
        until(lambda: self.matches() == 1, "the publication")
        return Client([self], rate=20, timeout=10).start()

    def host(self, endpoint: str = "one") -> str:
        return self.endpoints[endpoint]["issuer"]["host"]

    def was_down(self, began: float, ended: float) -> bool:
        return False


S3_FAULTS: dict[str, tuple[Fault, str]] = {
    "S3 answers 500": (FAULTS["internal-error"], "S3"),
    "S3 throttles (503 SlowDown)": (aws_faults.slow_down(1), "S3"),
    "S3 answers 403 AccessDenied": (FAULTS["access-denied"], "S3"),
    "S3 does not answer": (FAULTS["never"], "S3"),
    "CloudFront throttles invalidations": (FAULTS["cloudfront-throttling"], "CloudFront"),
    "CloudFront rejects invalidations (AccessDenied)": (FAULTS["cloudfront-denied"], "CloudFront"),
}


@pytest.fixture
def gateway(around: Surroundings, tmp_path: Path) -> Iterator[Published]:  # noqa: F811
    cluster_identity.init(tmp_path / "cluster")
    (tmp_path / "gateway").mkdir()
    made = Published(built_gateway(), tmp_path / "gateway", tmp_path / "cluster", around.cloud.pki, around=around)
    yield made
    made.kill()
    made.check_nothing_secret_was_said()


@long
def test_another_region(gateway: Published, around: Surroundings, record: Record) -> None:  # noqa: F811
    """The gateway follows S3 to the region that it names, so that nothing waits."""
    place = around.place()
    client = gateway.begin(place)
    client.goes_on(40)
    before = client.kids()
    rule = around.proxy.fail(aws_faults.moved("eu-west-1"), "PUT|HEAD", f"/{place.bucket}/.*")
    began = time.monotonic()
    gateway.command("keys", "rotate", "--endpoint", "one")
    until(lambda: client.kids(began) - before, "the new key")
    assert rule.hits >= 1
    client.goes_on(40)
    client.stop()
    failed = sum(one.status != 200 for one in client.exchanges)
    name = "S3 is in another region than configured, during a rotation"
    record(Cost(name, len(client.exchanges), failed, len(client.unverified), 0))


@pytest.mark.parametrize("name", [name for name in S3_FAULTS if LONG or name == "S3 answers 500"])
def test_during_a_rotation(name: str, gateway: Published, around: Surroundings, record: Record) -> None:  # noqa: F811
    fault, service = S3_FAULTS[name]
    place = around.place()
    client = gateway.begin(place)
    client.goes_on(40)
    path = f"/{place.bucket}/.*" if service == "S3" else "/2020-05-31/.*/invalidation.*"
    rule = around.proxy.fail(fault, "PUT|HEAD" if service == "S3" else "POST", path)
    before = client.kids()
    ended = gateway.command("keys", "rotate", "--endpoint", "one")
    until(lambda: rule.hits >= 2, "the fault")
    client.goes_on(60)
    if LONG:
        time.sleep(60)
    assert client.kids() == before, "a key signs that no verifier can have"
    around.proxy.clear()
    healed = time.monotonic()
    new = until(lambda: client.kids(healed) - before, f"the new key ({ended.stdout})")
    signs = client.first(new.pop(), gateway)
    assert signs
    client.goes_on(40)
    client.stop()
    failed = sum(one.status != 200 for one in client.exchanges)
    record(Cost(f"{name} during a rotation", len(client.exchanges), failed, len(client.unverified), signs - healed))
