"""Fixtures: a cloud for all tests; a gateway and its surroundings for each test."""

from collections.abc import Callable, Iterator
from pathlib import Path

import cluster_identity
import pki
import pytest
from built_programs import built_gateway
from moto_account import account_client

from .cloud import ACCOUNT, Cloud, Place, Surroundings, moto_process
from .gateway_process import Gateway


@pytest.fixture(scope="session")
def program() -> Path:
    return built_gateway()


@pytest.fixture(scope="session")
def identity(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The cluster identity that signs ServiceAccount tokens."""
    folder = tmp_path_factory.mktemp("cluster")
    cluster_identity.init(folder)
    return folder


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    folder = tmp_path_factory.mktemp("cloud")
    services = ["*.s3.us-east-1.amazonaws.com", "s3.us-east-1.amazonaws.com", "cloudfront.amazonaws.com"]
    pki.write(folder / "pki", ["127.0.0.1", "localhost", "*.cloudfront.net", *services])
    with moto_process(folder) as moto, Cloud(moto, folder / "pki").running() as made:
        yield made


@pytest.fixture
def around(cloud: Cloud) -> Iterator[Surroundings]:
    made = Surroundings(cloud)
    yield made
    made.stop()
    made.check_least_privilege()
    clear_cloudfront(cloud)


def clear_cloudfront(cloud: Cloud) -> None:
    """Deletes what a test has made in CloudFront, since moto has no second page of more than a hundred resources."""
    front = account_client(cloud.moto, ACCOUNT, "cloudfront")
    for distribution in front.list_distributions()["DistributionList"].get("Items") or []:
        tag = front.get_distribution(Id=distribution["Id"])["ETag"]
        front.delete_distribution(Id=distribution["Id"], IfMatch=tag)
    for control in front.list_origin_access_controls()["OriginAccessControlList"].get("Items") or []:
        front.delete_origin_access_control(Id=control["Id"])


@pytest.fixture
def place(around: Surroundings) -> Place:
    return around.place()


@pytest.fixture
def another(program: Path, identity: Path, around: Surroundings, tmp_path: Path) -> Iterator[Callable[[], Gateway]]:
    """Creates gateways with separate folders and keys."""
    made: list[Gateway] = []

    def make() -> Gateway:
        folder = tmp_path / f"gateway-{len(made)}"
        folder.mkdir()
        made.append(Gateway(program, folder, identity, around.cloud.pki, around=around))
        return made[-1]

    yield make
    for gateway in made:
        gateway.kill()
    for gateway in made:
        gateway.check_nothing_secret_was_said()


@pytest.fixture
def gateway(another: Callable[[], Gateway], place: Place) -> Gateway:
    """A gateway that publishes to the bucket with an administrator's credentials."""
    return another().add(place)


@pytest.fixture
def plain(gateway: Gateway, place: Place) -> Gateway:
    """The same without a distribution and a probe, so that a command ends after its last write."""
    return gateway.add(place, distribution=None, probe={"enabled": False})
