"""Helm's linter in strict mode."""

import json

import helm_python
import pytest

from .charts import ALL_VALUES, CHART, REPOSITORY, values


@pytest.mark.parametrize("name", ALL_VALUES)
def test_the_linter_reports_nothing(name: str) -> None:
    report = helm_python.lint(CHART, values(name), strict=True)
    messages = [message for message in report["messages"] if "icon is recommended" not in message["error"]]
    assert report["errors"] == [] and messages == []


def test_the_linter_reports_an_unknown_key() -> None:
    assert helm_python.lint(CHART, {"gatway": {}}, strict=True)["errors"] != []


def test_the_version_is_that_of_the_gateway() -> None:
    source = (REPOSITORY / "Sources/Gateway/App/GatewayVersion.swift").read_text()
    with helm_python.Chart.load(CHART) as chart:
        assert f'current = "{chart.metadata["appVersion"]}"' in source


def test_the_plugins_are_those_of_plugins_json() -> None:
    with helm_python.Chart.load(CHART) as chart:
        mounted = chart.values["gateway"]["plugins"]
    assert mounted == json.loads((REPOSITORY / "plugins.json").read_text())["plugins"]
