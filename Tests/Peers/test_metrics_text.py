"""The text format of the gateway's /metrics, parsed by prometheus_client.

PrometheusMetricsTests.swift checks that the gateway writes metrics_text.txt.
"""

import math
import pathlib

import pytest
from prometheus_client.parser import text_string_to_metric_families

TEXT = (pathlib.Path(__file__).parent / "metrics_text.txt").read_text()


@pytest.fixture(scope="module")
def families():
    return {family.name: family for family in text_string_to_metric_families(TEXT)}


def values(family):
    return {(sample.name, tuple(sorted(sample.labels.items()))): sample.value for sample in family.samples}


def test_every_family_has_its_type_and_help(families):
    # The parser removes the suffix of a counter's name.
    assert {name: family.type for name, family in families.items()} == {
        "example_requests": "counter",
        "example_state": "gauge",
        "example_plain": "gauge",
        "example_seconds": "histogram",
    }
    assert families["example_state"].documentation == "A \\ and\na line."


def test_counters_keep_their_labels_apart(families):
    assert values(families["example_requests"]) == {
        ("example_requests_total", (("endpoint", "one"), ("route", "token"))): 1,
        ("example_requests_total", (("endpoint", "one"), ("route", "user"))): 0,
        ("example_requests_total", (("endpoint", "two"), ("route", "token"))): 3,
    }


def test_labels_are_unescaped_to_what_they_were(families):
    assert values(families["example_state"]) == {
        ("example_state", (("name", 'a "quote", a \\ and\na line'),)): -1.5,
        ("example_state", (("name", "infinite"),)): math.inf,
    }
    assert values(families["example_plain"]) == {("example_plain", ()): 1778251200}


def test_buckets_rise_to_the_count(families):
    samples = families["example_seconds"].samples
    buckets = [(float(s.labels["le"]), s.value) for s in samples if s.name == "example_seconds_bucket"]
    assert buckets == [(0.005, 2), (0.1, 2), (1, 3), (math.inf, 4)]
    rest = {s.name: s.value for s in samples if s.name != "example_seconds_bucket"}
    assert rest == {"example_seconds_count": 4, "example_seconds_sum": pytest.approx(62.256)}
