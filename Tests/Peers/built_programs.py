"""The programs of `make build`, or those of STS_GATEWAY, STS_SIDECAR and STS_NODE."""

import os
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]


def built_gateway() -> Path:
    return _built("STS_GATEWAY", "sts-gateway")


def built_sidecar() -> Path:
    return _built("STS_SIDECAR", "sts-sidecar")


def built_node() -> Path:
    return _built("STS_NODE", "sts-node")


def _built(variable: str, name: str) -> Path:
    path = Path(os.environ.get(variable, REPOSITORY / ".build/debug" / name)).resolve()
    assert path.exists(), f"missing {name} at {path}; run: make build"
    return path
