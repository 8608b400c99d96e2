"""Helm's own linter, as strict as it can be."""

import json

import helm_python
import pytest

from .charts import ALL_VALUES, CHART, REPOSITORY, values


@pytest.mark.parametrize("name", ALL_VALUES)
def test_the_linter_has_nothing_to_say(name: str) -> None:
    report = helm_python.lint(CHART, values(name), strict=True)
    said = [message for message in report["messages"] if "icon is recommended" not in message["error"]]
    assert report["errors"] == [] and said == []


def test_the_linter_finds_what_is_wrong() -> None:
    assert helm_python.lint(CHART, {"gatway": {}}, strict=True)["errors"] != []


def test_the_version_is_that_of_the_program() -> None:
    source = (REPOSITORY / "Sources/Gateway/App/GatewayVersion.swift").read_text()
    with helm_python.Chart.load(CHART) as chart:
        assert f'current = "{chart.metadata["appVersion"]}"' in source


def test_the_plugins_are_those_of_the_manifest_at_the_root() -> None:
    with helm_python.Chart.load(CHART) as chart:
        mounted = chart.values["gateway"]["plugins"]
    assert mounted == json.loads((REPOSITORY / "plugins.json").read_text())["plugins"]
