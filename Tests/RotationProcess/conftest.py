"""Fixtures: scenarios that run in parallel, each with its own stage."""

import datetime
from collections.abc import Iterator

import cluster_identity
import pki
import pytest
from built_programs import built_gateway

from .scenarios import Scenarios
from .stage import Stage, Theatre


@pytest.fixture(scope="session")
def theatre(tmp_path_factory: pytest.TempPathFactory) -> Theatre:
    """The program, a cluster identity and certificates for all stages."""
    folder = tmp_path_factory.mktemp("theatre")
    cluster_identity.init(folder / "cluster")
    pki.write(folder / "pki", ["127.0.0.1", "localhost", "*.issuer.example"], ends=datetime.timedelta(days=90))
    return Theatre(built_gateway(), folder)


@pytest.fixture(scope="session")
def scenarios(request: pytest.FixtureRequest, theatre: Theatre) -> Iterator[Scenarios]:
    """Starts the selected scenarios, a few at a time."""
    made = Scenarios(theatre, [item.function for item in request.session.items if isinstance(item, pytest.Function)])
    yield made
    made.stop()


@pytest.fixture(scope="module")
def stage(theatre: Theatre) -> Iterator[Stage]:
    """A stage that the tests of a module share."""
    made = Stage(theatre, theatre.new_folder())
    yield made
    made.close()
