"""The names of metrics, values and keys in the pages exist."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from .documents import OPERATORS, REPOSITORY, blocks, name, page, spans

METRICS = (REPOSITORY / "docs/metrics.md").read_text()
KNOWN: dict[str, tuple[str, set[str]]] = {
    found[1]: (found[2], set(re.findall(r"`(\w+)`", found[3])))
    for found in re.finditer(r"^\| `(sts_\w+)` \| (\w+) \| ([^|]*) \|", METRICS, re.MULTILINE)
}
"""The type and the labels of each metric."""
VALUES = {value for value in re.findall(r"`([^`\s]+)`", METRICS)}
SCHEMA = json.loads((REPOSITORY / "docs/configuration.schema.json").read_text())
CHART_VALUES = yaml.safe_load((REPOSITORY / "deploy/helm/sts-gateway/values.yaml").read_text())


def family(metric: str) -> str | None:
    """The metric of a series."""
    if metric in KNOWN:
        return metric
    stem = re.sub(r"_(bucket|count|sum)$", "", metric)
    return stem if KNOWN.get(stem, ("",))[0] == "histogram" else None


def test_the_page_of_metrics_can_be_parsed() -> None:
    assert len(KNOWN) >= 17 and KNOWN["sts_key_state"] == ("gauge", {"endpoint", "state"})


@pytest.mark.parametrize("source", [page(stem) for stem in OPERATORS], ids=name)
def test_every_metric_exists(source: Path) -> None:
    unknown = {
        metric
        for metric in re.findall(r"(?<![\w.])sts_[a-z_]+(?!…)\b(?!…)", source.read_text())
        if family(metric) is None
    }
    assert unknown == set()


RULES: list[dict[str, Any]] = [
    rule
    for group in yaml.safe_load((REPOSITORY / "deploy/prometheus/rules.yaml").read_text())["groups"]
    for rule in group["rules"]
]


def test_there_are_alerts() -> None:
    assert len({rule["alert"] for rule in RULES}) == len(RULES) >= 10


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_an_alert_is_complete_and_its_expression_well_formed(rule: dict[str, Any]) -> None:
    assert set(rule) - {"for"} == {"alert", "expr", "labels", "annotations"}
    assert rule["labels"]["severity"] in ("critical", "warning", "info") and rule["annotations"]["summary"]
    expression = rule["expr"]
    bare = re.sub(r'"[^"]*"', "", expression)
    assert '"' not in bare, "unterminated quotation"
    closes = {")": "(", "]": "[", "}": "{"}
    stack: list[str] = []
    for character in bare:
        if character in closes.values():
            stack.append(character)
        elif character in closes:
            assert stack and stack.pop() == closes[character], f"unmatched {character}"
    assert stack == []
    assert re.search(r"(==|!=|>=|<=|>|<) *[\d. *]+$|^absent\(", bare), "missing comparison"
    assert all(re.fullmatch(r"\d+[smhd]", range_) for range_ in re.findall(r"\[([^\]]*)\]", bare))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_an_alert_uses_existing_labels_and_values(rule: dict[str, Any]) -> None:
    series = re.findall(r"(sts_\w+)(?:\{([^}]*)\})?", rule["expr"])
    assert series
    labels: set[str] = {"le", "namespace"}
    for metric, selector in series:
        stem = family(metric)
        assert stem, f"unknown metric {metric}"
        labels |= KNOWN[stem][1]
        for label, value in re.findall(r'(\w+)(?:=~|!~|!=|=)"([^"]*)"', selector):
            assert label in KNOWN[stem][1], f"{metric} has no label {label}"
            assert set(value.split("|")) <= VALUES, f"{label} is never {value}"
    named = re.findall(r"\bby \(([^)]*)\)", rule["expr"]) + re.findall(r"\$labels\.(\w+)", str(rule["annotations"]))
    assert {one.strip() for text in named for one in text.split(",")} <= labels


def of_chart(path: str) -> bool:
    """Whether the chart's values, or for `gateway.configuration` the configuration, have the key."""
    value: Any = CHART_VALUES
    words = path.split(".")
    for index, word in enumerate(words):
        if words[:index] == ["gateway", "configuration"]:
            return of_configuration(".".join(words[index:]))
        if not isinstance(value, dict) or word not in value:
            return False
        value = value[word]
    return True


def of_configuration(path: str) -> bool:
    endpoint = SCHEMA["properties"]["sts"]["properties"]["endpoints"]["items"]
    publish = endpoint["properties"]["publish"]
    return any(in_schema(root, path.split(".")) for root in (SCHEMA, endpoint, publish))


def in_schema(schema: dict[str, Any], words: list[str]) -> bool:
    if not words:
        return True
    for part in [schema, *schema.get("anyOf", []), *schema.get("oneOf", [])]:
        if words[0] in part.get("properties", {}):
            return in_schema(part["properties"][words[0]], words[1:])
        if "items" in part and in_schema(part["items"], words):
            return True
    return False


@pytest.mark.parametrize("source", [page(stem) for stem in OPERATORS], ids=name)
def test_every_value_of_the_chart_exists(source: Path) -> None:
    named = [(line, span) for line, span in spans(source) if re.fullmatch(r"gateway(\.[a-zA-Z]+)+(: .*)?", span)]
    wrong = [
        f"line {line}: {span}"
        for line, span in named
        if span != "gateway.yaml" and not of_chart(span.partition(":")[0])
    ]
    assert wrong == []


CONFIGURATION = "listeners|tls|review|keyStore|injection|limits|audit|log|subjectToken|token|rotation|issuer|injector"


@pytest.mark.parametrize("source", [page(stem) for stem in OPERATORS], ids=name)
def test_every_key_of_the_configuration_exists(source: Path) -> None:
    wrong = [
        f"line {line}: {span}"
        for line, span in spans(source)
        if re.fullmatch(rf"({CONFIGURATION})(\.[a-zA-Z]+)+(: .*)?", span)
        and span not in ("tls.crt", "tls.key")  # A Secret's.
        and not of_configuration(span.partition(":")[0])
    ]
    plugins = "".join(path.read_text() for path in sorted((REPOSITORY / "docs/plugins").glob("*.md")))
    for line, span in spans(source):
        if re.fullmatch(r"publish(\.[a-zA-Z]+)+", span) and not of_configuration(span):
            # A key of a plugin.
            if f"| `{span.split('.')[1]}` |" not in plugins:
                wrong.append(f"line {line}: {span}")
    assert wrong == []


def test_an_unknown_name_is_found() -> None:
    assert of_chart("gateway.replicas") and not of_chart("gateway.replica")
    assert of_chart("gateway.configuration.injection.prefix")
    assert not of_chart("gateway.configuration.injection.prefx")
    assert of_configuration("subjectToken.acceptApiServerAudience") and not of_configuration("subjectToken.aud")
    assert family("sts_webhook_duration_seconds_bucket") and not family("sts_key_age_seconds_bucket")
