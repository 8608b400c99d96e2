"""The plain manifests, and the other files that scripts/render-manifests writes."""

import re
import shutil
from pathlib import Path
from typing import Any

import child_process
import pytest
import yaml

from .charts import REPOSITORY, render

PLAIN = REPOSITORY / "deploy/kubernetes"


def kustomized() -> list[dict[str, Any]]:
    if not shutil.which("kubectl"):
        pytest.skip("missing kubectl, whose `kustomize` reads deploy/kubernetes")
    built = child_process.run(["kubectl", "kustomize", PLAIN])
    assert built.returncode == 0, built.stderr
    return [one for one in yaml.safe_load_all(built.stdout) if one]


def test_rendered_files_are_up_to_date(manifests: Any) -> None:
    assert manifests.outdated() == []


def test_files_that_are_out_of_date_are_reported_with_the_command_that_fixes_them(
    manifests: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(manifests, "REPOSITORY", tmp_path)
    for name in ["deploy", "docs", "Tests/Chart/golden", "Tests/Chart/values"]:
        shutil.copytree(REPOSITORY / name, tmp_path / name)
    for name, path in {
        "CHART": "deploy/helm/sts-gateway",
        "PLAIN": "deploy/kubernetes",
        "TESTS": "Tests/Chart",
    }.items():
        monkeypatch.setattr(manifests, name, tmp_path / path)
    monkeypatch.setattr(manifests, "SCHEMA", tmp_path / "deploy/helm/sts-gateway/values.schema.json")
    assert manifests.outdated() == []
    values = tmp_path / "deploy/helm/sts-gateway/values.yaml"
    values.write_text(values.read_text().replace("replicas: 2", "replicas: 4"))
    (tmp_path / "deploy/kubernetes/old.yaml").write_text("{}\n")
    (tmp_path / "deploy/helm/sts-gateway/values.schema.json").write_text(
        manifests.values_schema().replace("cluster", "claster", 1)
    )
    reported = "\n".join(manifests.outdated())
    for file in ["kubernetes/deployment.yaml", "golden/seed.yaml", "kubernetes/old.yaml", "values.schema.json"]:
        assert f"{file} is" in reported and "run: scripts/render-manifests" in reported
    manifests.write()
    assert manifests.outdated() == []


def test_kustomize_builds_them() -> None:
    objects = kustomized()
    written = [
        one for path in PLAIN.glob("*.yaml") for one in yaml.safe_load_all(path.read_text()) if one and "kind" in one
    ]

    def names(objects: list[dict[str, Any]]) -> list[tuple[str, str]]:
        return sorted((one["kind"], one["metadata"]["name"]) for one in objects if one["kind"] != "Kustomization")

    assert names(objects) == names(written) and len(objects) > 10


def test_the_namespace_is_the_first_object_and_contains_the_others() -> None:
    objects = kustomized()
    assert objects[0]["kind"] == "Namespace"
    of_the_cluster = {"Namespace", "ClusterRole", "ClusterRoleBinding", "MutatingWebhookConfiguration"}
    for one in objects:
        assert one["metadata"].get("namespace") == (
            None if one["kind"] in of_the_cluster else objects[0]["metadata"]["name"]
        )


def test_they_do_not_mention_helm() -> None:
    for path in PLAIN.glob("*.yaml"):
        text = "\n".join(line for line in path.read_text().splitlines() if not line.startswith("#"))
        assert "helm" not in text.lower(), path


def test_the_gateway_accepts_their_configuration(check: Any) -> None:
    data: dict[str, str] = {}
    for name in ["configmap.yaml", "configmap-plugins.yaml"]:
        data |= yaml.safe_load((PLAIN / name).read_text())["data"]
    ended = check(data, namespace="sts-gateway")
    assert ended.returncode == 0, ended.stderr


def test_the_page_lists_every_value() -> None:
    page = (REPOSITORY / "docs/helm.md").read_text()
    values = yaml.safe_load((REPOSITORY / "deploy/helm/sts-gateway/values.yaml").read_text())
    words = set(re.findall(r"\w+", " ".join(re.findall(r"`([^`]*)`", page))))
    missing = []

    def look(block: dict[str, Any], place: str) -> None:
        for name, value in block.items():
            if name not in words:
                missing.append(f"{place}{name}")
            if isinstance(value, dict) and name not in {"resources", "image", "privateKey"}:
                look(value, f"{place}{name}.")

    look(values["gateway"], "gateway.")
    assert missing == []


def test_the_example_of_the_page_renders() -> None:
    page = (REPOSITORY / "docs/helm.md").read_text()
    (example,) = re.findall(r"```yaml\n(.*?)```", page, flags=re.DOTALL)
    assert render(yaml.safe_load(example))
