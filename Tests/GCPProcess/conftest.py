"""Fixtures: a gateway, and a stand-in of Google's APIs."""

from collections.abc import Iterator

import cluster_identity
import pki
import pytest
from built_programs import built_gateway

from .gateway import Gateway
from .google import Google


@pytest.fixture
def unprovisioned(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A gateway whose provider does not exist yet. It does not run."""
    folder = tmp_path_factory.mktemp("gateway")
    cluster_identity.init(folder / "cluster")
    pki.write(folder / "pki", ["127.0.0.1", "localhost", "documents.storage.googleapis.com"])
    google = Google()
    made = Gateway(built_gateway(), folder, folder / "cluster", folder / "pki", google=google)
    made.add()
    yield made
    made.kill()
    google.stop()
    made.check_nothing_secret_was_said()


@pytest.fixture
def gateway(unprovisioned: Gateway) -> Gateway:
    """A gateway whose provider has its first key. It does not run yet."""
    unprovisioned.set_up()
    return unprovisioned
