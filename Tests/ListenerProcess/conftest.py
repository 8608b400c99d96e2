"""Makes gateways, and ends them."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cluster_identity
import pki
import pytest
from built_programs import built_gateway

from .listening_gateway import ListeningGateway


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shared")
    cluster_identity.init(folder / "cluster")
    pki.write(folder / "pki", ["127.0.0.1", "localhost"])
    return folder


@pytest.fixture
def make(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., ListeningGateway]]:
    """Makes a gateway; the settings are of its `limits` block."""
    made: list[ListeningGateway] = []

    def new(**limits: Any) -> ListeningGateway:
        folder = tmp_path_factory.mktemp("gateway")
        gateway = ListeningGateway(built_gateway(), folder, shared / "cluster", shared / "pki").endpoint()
        gateway.limits = {"readTimeout": "600s", "idleTimeout": "1h", **limits}
        made.append(gateway)
        return gateway

    yield new
    for gateway in made:
        gateway.close()
        gateway.check_nothing_secret_was_said()
