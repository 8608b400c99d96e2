"""Fixtures: a stand-in of the API, and a gateway whose keys are handed over once."""

from collections.abc import Iterator

import cluster_identity
import pki
import pytest
from built_programs import built_gateway

from .api import API
from .gateway import Gateway


@pytest.fixture
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """It does not run yet."""
    folder = tmp_path_factory.mktemp("gateway")
    cluster_identity.init(folder / "cluster")
    pki.write(folder / "pki", ["127.0.0.1", "localhost"])
    api = API(discovery=lambda: made.published())
    made = Gateway(built_gateway(), folder, folder / "cluster", folder / "pki", api=api)
    made.add()
    made.set_up()
    yield made
    made.kill()
    api.stop()
    made.check_nothing_secret_was_said()
