"""Fixtures: a cluster identity and certificates."""

from pathlib import Path

import cluster_identity
import pki
import pytest


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shared")
    cluster_identity.init(folder / "cluster")
    pki.write(folder / "pki", ["127.0.0.1", "localhost"])
    return folder
