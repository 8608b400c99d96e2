"""Fixtures: a cluster identity, certificates, and the table that a run writes."""

import datetime
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import cluster_identity
import pki
import pytest
from built_programs import built_gateway

from .outage import Cost, Outage

HEAD = "| fault | calls | failed | wrong tokens | recovered in |\n|---|---|---|---|---|\n"
LONG = os.environ.get("STS_FAULTS") == "long"
"""Whether faults last a minute, as for `make faults`."""
long = pytest.mark.skipif(not LONG, reason="a row of make faults")
Record = Callable[[Cost], None]
COSTS = pytest.StashKey[list[Cost]]()


def last(outage: Outage, calls: int = 30) -> None:
    """A fault lasts until each workload has made some calls, or for a minute."""
    for workload in outage.workloads:
        workload.goes_on(calls)
    if LONG:
        time.sleep(60)


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shared")
    cluster_identity.init(folder / "cluster")
    pki.write(folder / "pki", ["127.0.0.1", "localhost", "*.issuer.example"], ends=datetime.timedelta(days=90))
    pki.write(folder / "foreign", ["127.0.0.1", "localhost"])
    return folder


@pytest.fixture
def outage(tmp_path: Path, shared: Path) -> Iterator[Outage]:
    with Outage(tmp_path, shared, built_gateway()) as made:
        yield made.begin()


@pytest.fixture
def record(request: pytest.FixtureRequest) -> Record:
    """Adds a row to the table; a wrong token fails the test."""

    def add(cost: Cost) -> None:
        request.config.stash.setdefault(COSTS, []).append(cost)
        assert cost.wrong == 0

    return add


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Prints the table."""
    terminalreporter.write(HEAD + "".join(f"{cost.row}\n" for cost in config.stash.get(COSTS, [])))
