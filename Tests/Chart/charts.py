"""Renders the chart, and finds objects in the result."""

import copy
from pathlib import Path
from typing import Any

import helm_python
import yaml

REPOSITORY = Path(__file__).resolve().parents[2]
CHART = REPOSITORY / "deploy/helm/sts-gateway"
FOLDER = Path(__file__).parent
ALL_VALUES = sorted(path.stem for path in (FOLDER / "values").glob("*.yaml"))


def values(name: str) -> dict[str, Any]:
    """A new copy of one of the files in Tests/Chart/values."""
    return yaml.safe_load((FOLDER / "values" / f"{name}.yaml").read_text())


def seed(**gateway: Any) -> dict[str, Any]:
    """The values of seed.yaml, with these values of the chart."""
    return {**values("seed"), "gateway": gateway}


def endpoints(*given: dict[str, Any]) -> dict[str, Any]:
    """Values with the endpoint of seed.yaml once for each argument, changed by it. None removes a key."""
    result = values("seed")
    first = result["sts"]["endpoints"][0]
    all_of_them = [{**copy.deepcopy(first), **changes} for changes in given]
    result["sts"]["endpoints"] = [{k: v for k, v in one.items() if v is not None} for one in all_of_them]
    return result


def render(given: dict[str, Any], name: str = "sts-gateway", namespace: str = "sts") -> list[dict[str, Any]]:
    """All objects, including hooks."""
    with helm_python.Chart.load(CHART) as chart:
        texts = chart.render(given, name=name, namespace=namespace)
    return [
        one for path, text in sorted(texts.items()) if path.endswith(".yaml") for one in yaml.safe_load_all(text) if one
    ]


def notes(given: dict[str, Any]) -> str:
    with helm_python.Chart.load(CHART) as chart:
        return chart.render(given, name="sts-gateway", namespace="sts")["sts-gateway/templates/NOTES.txt"]


def rejection(given: dict[str, Any]) -> str:
    """Helm's error for invalid values."""
    try:
        render(given)
    except (helm_python.HelmValuesError, helm_python.HelmRenderError) as error:
        return str(error)
    raise AssertionError("Helm accepts the values")


def of_kind(objects: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [one for one in objects if one["kind"] == kind]


def the(objects: list[dict[str, Any]], kind: str, name: str) -> dict[str, Any]:
    found = [one for one in of_kind(objects, kind) if one["metadata"]["name"] == name]
    assert len(found) == 1, f"{kind} {name}: {[one['metadata']['name'] for one in of_kind(objects, kind)]}"
    return found[0]


def gateway_yaml(objects: list[dict[str, Any]], name: str = "sts-gateway") -> dict[str, Any]:
    return yaml.safe_load(the(objects, "ConfigMap", name)["data"]["gateway.yaml"])


def pod_templates(objects: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The Pod templates by the kind of their object."""
    return {one["kind"]: one["spec"]["template"] for one in objects if "template" in one.get("spec", {})}


def container(objects: list[dict[str, Any]]) -> dict[str, Any]:
    """The container of the gateway."""
    return pod_templates(objects)["Deployment"]["spec"]["containers"][0]
