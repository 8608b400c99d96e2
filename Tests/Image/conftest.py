"""Fixtures: the images of `make image`, and containers of them."""

import itertools
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import cluster_identity
import pki
import pytest
from built_programs import REPOSITORY
from container import NONROOT, Container
from layout import Archive, read_archive
from packed_gateway import PackedGateway, endpoint

SERVED = "gateway.image.example"
"""A host name that only the tests' name server resolves."""
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can change the root")


@pytest.fixture(scope="session")
def images() -> Path:
    """The folder of the images: STS_IMAGES, or that of `make image`."""
    folder = Path(os.environ.get("STS_IMAGES", REPOSITORY / ".build-image/images")).resolve()
    for name in ["sts-gateway", "sts-sidecar", "sts-node"]:
        found = list(folder.glob(f"{name}-*.oci.tar"))
        assert len(found) == 1, f"{len(found)} archives {name}-*.oci.tar in {folder}, not one; run: make image"
    return folder


@pytest.fixture(scope="session")
def gateway_image(images: Path) -> Archive:
    return read_archive(next(images.glob("sts-gateway-*.oci.tar")))


@pytest.fixture(scope="session")
def sidecar_image(images: Path) -> Archive:
    return read_archive(next(images.glob("sts-sidecar-*.oci.tar")))


@pytest.fixture(scope="session")
def node_image(images: Path) -> Archive:
    return read_archive(next(images.glob("sts-node-*.oci.tar")))


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cluster's identity, certificates, and the unpacked images."""
    folder = tmp_path_factory.mktemp("shared")
    cluster_identity.init(folder / "cluster")
    pki.write(folder / "pki", ["127.0.0.1", "localhost", SERVED])
    return folder


@pytest.fixture(scope="session")
def new_container(shared: Path) -> Callable[..., Container]:
    """A container of an image, as a user."""
    count = itertools.count()

    def make(image: Archive, user: int = NONROOT, group: int = NONROOT) -> Container:
        folder = shared / f"container-{next(count)}"
        folder.mkdir()
        return Container(image, folder, user, group).prepare()

    return make


@pytest.fixture
def new_gateway(
    shared: Path, gateway_image: Archive, new_container: Callable[..., Container]
) -> Iterator[Callable[..., PackedGateway]]:
    """A gateway with one endpoint, run as a user. Its output must contain no secret."""
    made: list[PackedGateway] = []

    def make(user: int = NONROOT, group: int = NONROOT) -> PackedGateway:
        container = new_container(gateway_image, user, group)
        gateway = PackedGateway(
            Path(gateway_image.container["Entrypoint"][0]), container.folder, shared / "cluster", shared / "pki",
            endpoints={"one": endpoint("one")}, container=container,
        )  # fmt: skip
        made.append(gateway.mount())
        return gateway

    yield make
    for gateway in made:
        gateway.kill()
        gateway.check_nothing_secret_was_said()
