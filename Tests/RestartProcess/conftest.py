"""What every test of restarts has: a cluster's identity and certificates."""

import sys
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / "Peers")]

import cluster_identity  # noqa: E402
import pki  # noqa: E402


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shared")
    cluster_identity.init(folder / "cluster")
    pki.write(folder / "pki", ["127.0.0.1", "localhost"])
    return folder
