"""Fixtures: one gateway for all tests, and separate ones for tests that change it."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cluster_identity
import pki
import pytest
from built_programs import built_gateway

from . import policy_pods
from .gateway_process import Gateway


@pytest.fixture(scope="session")
def make(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Gateway]]:
    """Creates gateways with settings of their `injection` block."""
    shared = tmp_path_factory.mktemp("shared")
    cluster_identity.init(shared / "cluster")
    pki.write(shared / "pki", ["127.0.0.1", "localhost"])
    made: list[Gateway] = []

    def new(**injection: Any) -> Gateway:
        folder = tmp_path_factory.mktemp("gateway")
        gateway = Gateway(built_gateway(), folder, shared / "cluster", shared / "pki")
        gateway.injection = injection
        made.append(gateway)
        return gateway

    yield new
    for gateway in made:
        gateway.kill()
        gateway.check_nothing_secret_was_said()


@pytest.fixture(scope="session")
def gateway(make: Callable[..., Gateway]) -> Gateway:
    return make().serve()


@pytest.fixture(scope="session")
def built_in(tmp_path_factory: pytest.TempPathFactory) -> policy_pods.Gateway:
    """Policies of an endpoint of each built-in plugin."""
    return policy_pods.Gateway(tmp_path_factory.mktemp("built-in"), policy_pods.BUILT_IN)


@pytest.fixture(scope="session")
def fixtures(tmp_path_factory: pytest.TempPathFactory) -> policy_pods.Gateway:
    """Policies of the endpoints of Tests/Fixtures/Pods."""
    return policy_pods.Gateway(tmp_path_factory.mktemp("fixtures"), policy_pods.FIXTURES)
