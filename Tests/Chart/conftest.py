"""The chart by the real Helm (its SDK as a library), and the gateway's program to read what it renders."""

import importlib.machinery
import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(REPOSITORY / "Tests/Peers")]


@pytest.fixture(scope="session")
def program() -> Path:
    """STS_GATEWAY, or what `make build` has built."""
    path = Path(os.environ.get("STS_GATEWAY", REPOSITORY / ".build/debug/sts-gateway"))
    assert path.exists(), f"there is no gateway at {path}; run: make build"
    return path


@pytest.fixture(scope="session")
def manifests() -> Any:
    """scripts/render-manifests, as a module."""
    path = str(REPOSITORY / "scripts/render-manifests")
    loader = importlib.machinery.SourceFileLoader("render_manifests", path)
    specification = importlib.util.spec_from_loader(loader.name, loader)
    assert specification
    module = importlib.util.module_from_spec(specification)
    sys.dont_write_bytecode, before = True, sys.dont_write_bytecode
    try:
        loader.exec_module(module)
    finally:
        sys.dont_write_bytecode = before
    return module


@pytest.fixture
def check(program: Path, tmp_path: Path) -> Any:
    """`config check` of what a ConfigMap holds: its exit code and what it says."""

    def run(files: dict[str, str], namespace: str = "sts") -> subprocess.CompletedProcess[str]:
        for name, text in files.items():
            (tmp_path / name).write_text(text)
        return subprocess.run(
            [program, "config", "check", tmp_path / "gateway.yaml", "--plugins", tmp_path / "plugins.json"],
            env={"POD_NAMESPACE": namespace, "POD_NAME": "it"}, capture_output=True, text=True, timeout=60,
        )  # fmt: skip

    return run
