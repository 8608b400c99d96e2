"""Fixtures: the programs that the pages describe."""

from pathlib import Path

import pytest
from built_programs import built_gateway, built_sidecar


@pytest.fixture(scope="session")
def gateway() -> Path:
    return built_gateway()


@pytest.fixture(scope="session")
def sidecar() -> Path:
    return built_sidecar()
