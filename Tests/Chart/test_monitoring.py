"""The alerting rules and the dashboard: promtool accepts them, each alert fires, and every metric in them exists."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from .charts import REPOSITORY, of_kind, rejection, render, seed

RULES = REPOSITORY / "deploy/prometheus/rules.yaml"
DASHBOARD = REPOSITORY / "deploy/grafana/sts-gateway.json"
RUNBOOK = REPOSITORY / "docs/operations.md"
ALERTS: list[dict[str, Any]] = yaml.safe_load(RULES.read_text())["groups"][0]["rules"]

# Three hours of a healthy gateway, one sample a minute.
ONE = 'namespace="sts", pod="gateway-0"'
HEALTHY = {
    f"sts_build_info{{{ONE}}}": "1x180",
    f'sts_key_state{{{ONE}, endpoint="one", state="active"}}': "1x180",
    f'sts_key_state{{{ONE}, endpoint="one", state="prepared"}}': "0x180",
    f'sts_key_age_seconds{{{ONE}, endpoint="one"}}': "0+60x180",
    f'sts_token_request_duration_seconds_count{{{ONE}, endpoint="one", outcome="issued"}}': "0+60x180",
    f'sts_token_request_duration_seconds_count{{{ONE}, endpoint="one", outcome="failed"}}': "0x180",
    f'sts_tokenreview_total{{{ONE}, result="authenticated"}}': "0+60x180",
    f'sts_tokenreview_total{{{ONE}, result="failed"}}': "0x180",
    f'sts_published_matches{{{ONE}, endpoint="one"}}': "1x180",
    f'sts_publish_last_success_timestamp_seconds{{{ONE}, endpoint="one"}}': "0+60x180",
    f'sts_publish_total{{{ONE}, endpoint="one", document="certs", result="refused"}}': "0x180",
    f'sts_webhook_requests_total{{{ONE}, result="overloaded"}}': "0x180",
    f'sts_webhook_requests_total{{{ONE}, result="warned"}}': "0x180",
    f'sts_webhook_duration_seconds_bucket{{{ONE}, result="injected", le="1"}}': "0+60x180",
    f'sts_webhook_duration_seconds_bucket{{{ONE}, result="injected", le="2.5"}}': "0+60x180",
    f'sts_webhook_duration_seconds_bucket{{{ONE}, result="injected", le="+Inf"}}': "0+60x180",
    f'sts_uninjected_pods{{{ONE}, endpoint="one", reason="missing"}}': "0x180",
    f"sts_pods_without_ca{{{ONE}}}": "0x180",
    f"sts_admission_policy_differences{{{ONE}}}": "0x180",
    f'sts_config_reload_total{{{ONE}, result="rejected"}}': "0x180",
    f'sts_audit_records_total{{{ONE}, result="dropped"}}': "0x180",
    f"sts_log_lines_dropped_total{{{ONE}}}": "0x180",
    f'sts_pod_events_total{{{ONE}, result="failed"}}': "0x180",
}
# Of each alert: the series that differ when it fires, and the labels that the alert then has.
NAMESPACE = {"namespace": "sts"}
ENDPOINT = {**NAMESPACE, "endpoint": "one"}
FAULTS: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "STSGatewayDown": ({"sts_build_info": "_x180"}, {}),
    "STSNoKeySigns": ({'state="active"': "1x60 0x120"}, ENDPOINT),
    "STSTokensFail": ({'outcome="failed"': "0+1x180"}, ENDPOINT),
    "STSReviewsFail": ({'sts_tokenreview_total.*result="failed"': "0+1x180"}, NAMESPACE),
    "STSDocumentsDiffer": ({"sts_published_matches": "1x60 0x120"}, ENDPOINT),
    "STSNotPublished": ({"sts_publish_last_success": "0+60x60 3600x120"}, ENDPOINT),
    "STSForeignDocuments": ({'result="refused"': "0x140 1x40"}, ENDPOINT),
    "STSKeyIsOld": ({"sts_key_age_seconds": "3500000+60x180"}, ENDPOINT),
    "STSWebhookFails": ({'result="overloaded"': "0+1x180"}, NAMESPACE),
    "STSWebhookSlow": ({'le="1"': "0+30x180"}, NAMESPACE),
    "STSPodWithoutValue": ({'result="warned"': "0x140 1x40"}, NAMESPACE),
    "STSPodsWithoutTokens": ({"sts_uninjected_pods": "0x100 2x80"}, {**ENDPOINT, "reason": "missing"}),
    "STSPodsWithoutCA": ({"sts_pods_without_ca": "0x100 2x80"}, NAMESPACE),
    "STSAdmissionPoliciesDiffer": ({"sts_admission_policy_differences": "0x100 2x80"}, NAMESPACE),
    "STSConfigurationRejected": ({'result="rejected"': "0x174 1x6"}, NAMESPACE),
    "STSAuditHasGaps": ({'result="dropped"': "0x140 1x40"}, NAMESPACE),
    "STSLogHasGaps": ({"sts_log_lines_dropped_total": "0x177 9x3"}, NAMESPACE),
    "STSEventsFail": ({'sts_pod_events_total.*result="failed"': "0x140 1x40"}, NAMESPACE),
}


def promtool(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """scripts/install-tools puts it beside Python."""
    program = shutil.which("promtool") or REPOSITORY / ".venv/bin/promtool"
    return subprocess.run([program, *arguments], capture_output=True, text=True)


def metrics() -> dict[str, tuple[str, set[str]]]:
    """The type and the labels of each metric in docs/metrics.md, a table that a test compares with the gateway's."""
    found = {}
    for line in (REPOSITORY / "docs/metrics.md").read_text().splitlines():
        if match := re.match(r"\| `(sts_\w+)` \| (\w+) \| (.*?) \|", line):
            found[match[1]] = (match[2], set(re.findall(r"`(\w+)`", match[3])))
    return found


def expressions() -> list[str]:
    dashboard = json.loads(DASHBOARD.read_text())
    panels = [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", [])]
    variables = [one["definition"] for one in dashboard["templating"]["list"] if one["type"] == "query"]
    return [alert["expr"] for alert in ALERTS] + panels + variables


def test_promtool_accepts_the_rules() -> None:
    checked = promtool("check", "rules", "--lint-fatal", RULES)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def annotations(alert: dict[str, Any], labels: dict[str, str]) -> dict[str, str]:
    fill = lambda text: re.sub(r"\{\{ \$labels\.(\w+) \}\}", lambda match: labels[match[1]], text)  # noqa: E731
    return {name: fill(text) for name, text in alert["annotations"].items()}


def case(firing: str | None) -> dict[str, Any]:
    """A test of promtool: with that fault this alert fires and no other."""
    changes, labels = FAULTS[firing] if firing else ({}, {})
    series = dict(HEALTHY)
    for pattern, samples in changes.items():
        matching = [name for name in series if re.search(pattern, name)]
        assert len(matching) == 1, f"{firing}: {pattern} is in {matching}"
        series[matching[0]] = samples
    tests = []
    for alert in ALERTS:
        severity = {"severity": alert["labels"]["severity"]}
        expected = {"exp_labels": {**severity, **labels}, "exp_annotations": annotations(alert, labels)} if (
            alert["alert"] == firing) else None  # fmt: skip
        tests.append({"eval_time": "3h", "alertname": alert["alert"], "exp_alerts": [expected] if expected else []})
    return {
        "interval": "1m",
        "input_series": [{"series": name, "values": samples} for name, samples in series.items()],
        "alert_rule_test": tests,
    }


def test_each_alert_fires_alone_with_its_fault_and_none_without_a_fault(tmp_path: Path) -> None:
    assert set(FAULTS) == {alert["alert"] for alert in ALERTS}
    tests = {"rule_files": [str(RULES.resolve())], "evaluation_interval": "1m", "tests": [case(None), *map(case, FAULTS)]}
    (tmp_path / "tests.yaml").write_text(yaml.safe_dump(tests))
    tested = promtool("test", "rules", tmp_path / "tests.yaml")
    assert tested.returncode == 0, tested.stdout + tested.stderr


@pytest.mark.parametrize("alert", ALERTS, ids=lambda one: one["alert"])
def test_an_alert_has_a_runbook(alert: dict[str, Any]) -> None:
    assert alert["annotations"]["runbook"] == f"docs/operations.md#{alert['alert'].lower()}"
    assert f"\n### {alert['alert']}\n" in RUNBOOK.read_text()


def test_every_metric_and_label_of_the_rules_and_the_dashboard_exists() -> None:
    known = metrics()
    assert len(known) > 15
    used = set()
    for expression in expressions():
        for name, selector in re.findall(r"(sts_\w+)(\{[^}]*\})?", expression):
            base = re.sub(r"_(bucket|count|sum)$", "", name)
            base = base if known.get(base, ("", set()))[0] == "histogram" else name
            assert base in known, f"{name} in {expression}"
            used.add(base)
            kind, labels = known[base]
            for label in re.findall(r"(\w+)\s*[=!]", selector):
                assert label in labels | {"namespace"} | ({"le"} if kind == "histogram" else set()), expression
    assert used == set(known), f"neither in an alert nor in the dashboard: {set(known) - used}"


def test_panels_of_the_dashboard_do_not_overlap() -> None:
    panels = json.loads(DASHBOARD.read_text())["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken = set()
    for panel in panels:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not cells & taken and at["x"] + at["w"] <= 24, panel["title"]
        taken |= cells


def test_the_chart_renders_both_on_request() -> None:
    nothing = render(seed())
    assert not of_kind(nothing, "PrometheusRule")
    assert not [one for one in of_kind(nothing, "ConfigMap") if one["metadata"]["name"].endswith("-dashboard")]
    objects = render(seed(prometheusRule={"enabled": True, "without": ["STSKeyIsOld"]}, dashboard={"enabled": True}))
    (rule,) = of_kind(objects, "PrometheusRule")
    assert rule["spec"]["groups"][0]["rules"] == [alert for alert in ALERTS if alert["alert"] != "STSKeyIsOld"]
    (dashboard,) = [one for one in of_kind(objects, "ConfigMap") if one["metadata"]["name"] == "sts-gateway-dashboard"]
    assert dashboard["metadata"]["labels"]["grafana_dashboard"] == "1"
    assert json.loads(dashboard["data"]["sts-gateway.json"]) == json.loads(DASHBOARD.read_text())


def test_an_unknown_alert_is_rejected() -> None:
    assert 'unknown alert "STSOld"' in rejection(seed(prometheusRule={"enabled": True, "without": ["STSOld"]}))


def test_the_scrape_keeps_the_label_endpoint() -> None:
    """The Prometheus Operator sets `endpoint` to the port's name, and renames that of the metrics otherwise."""
    (monitor,) = of_kind(render(seed(serviceMonitor={"enabled": True})), "ServiceMonitor")
    assert [one["honorLabels"] for one in monitor["spec"]["endpoints"]] == [True]
