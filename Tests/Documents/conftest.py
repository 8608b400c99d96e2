"""The programs that the documents speak of, as they are built."""

import os
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]


def _built(variable: str, name: str) -> Path:
    path = Path(os.environ.get(variable, REPOSITORY / ".build/debug" / name))
    assert path.exists(), f"there is no {name} at {path}; run: make build"
    return path


@pytest.fixture(scope="session")
def gateway() -> Path:
    """STS_GATEWAY, or what `make build` has built."""
    return _built("STS_GATEWAY", "sts-gateway")


@pytest.fixture(scope="session")
def sidecar() -> Path:
    """STS_SIDECAR, or what `make build` has built."""
    return _built("STS_SIDECAR", "sts-sidecar")
