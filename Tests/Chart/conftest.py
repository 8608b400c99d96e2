"""Fixtures: the gateway, which reads the rendered configuration, and scripts/render-manifests as a module."""

import importlib.machinery
import importlib.util
import sys
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import child_process
import pytest
from built_programs import REPOSITORY, built_gateway


@pytest.fixture(scope="session")
def program() -> Path:
    return built_gateway()


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
    """Runs `config check` with the files of a ConfigMap."""

    def run(files: dict[str, str], namespace: str = "sts") -> CompletedProcess[str]:
        for name, text in files.items():
            (tmp_path / name).write_text(text)
        return child_process.run(
            [program, "config", "check", tmp_path / "gateway.yaml", "--plugins", tmp_path / "plugins.json"],
            env={"POD_NAMESPACE": namespace, "POD_NAME": "it"},
        )

    return run
