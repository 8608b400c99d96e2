"""Fixtures: one server for all tests, and a gateway with a mount of its own for each."""

import itertools
from collections.abc import Iterator

import cluster_identity
import pki
import pytest
from built_programs import built_gateway

from .gateway import Gateway
from .server import Proxy, Server

_count = itertools.count()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A real server."""
    made = Server(tmp_path_factory.mktemp("server"))
    yield made
    made.stop()


@pytest.fixture
def gateway(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A gateway whose mount is provisioned with its first key. It does not run yet."""
    folder = tmp_path_factory.mktemp("gateway")
    cluster_identity.init(folder / "cluster")
    pki.write(folder / "pki", ["127.0.0.1", "localhost"])
    proxy = Proxy(server.port)
    made = Gateway(
        built_gateway(), folder, folder / "cluster", folder / "pki", server=server, proxy=proxy,
        mount=f"mount-{next(_count)}",
    )  # fmt: skip
    made.add()
    made.set_up()
    yield made
    made.kill()
    proxy.stop()
    made.check_nothing_secret_was_said()
