"""Invalid values are rejected before anything changes, with useful errors."""

import json
from typing import Any

import pytest
import yaml

from .charts import REPOSITORY, endpoints, rejection, render, seed, the, values


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({**values("seed"), "gatway": {}}, "at '': additional properties 'gatway' not allowed"),
        ({**values("seed"), "opertor": {}}, "additional properties 'opertor' not allowed"),
        ({"sts": {"endpoint": []}}, "at '/sts': additional properties 'endpoint' not allowed"),
        (endpoints({"azrules": []}), "at '/sts/endpoints/0': additional properties 'azrules' not allowed"),
        (endpoints({"injector": {"lable": "x"}}), "additional properties 'lable' not allowed"),
        (endpoints({"name": None}), "missing property 'name'"),
        (endpoints({"path": "aws"}), "'aws' does not match pattern"),
        (endpoints({"token": {"keySize": 1024}}), "minimum: got 1,024, want 2,048"),
        (seed(replica=3), "at '/gateway': additional properties 'replica' not allowed"),
        (seed(image={"pullPolicy": "Sometimes"}), "at '/gateway/image/pullPolicy'"),
        (seed(replicas="2"), "at '/gateway/replicas': got string, want integer"),
        (seed(configuration={"limits": {"bodyByte": 1}}), "additional properties 'bodyByte' not allowed"),
        (seed(configuration={"sts": {}}), "additional properties 'sts' not allowed"),
        (
            seed(configuration={"injection": {"webhook": {"service": "it"}}}),
            "additional properties 'service' not allowed",
        ),
        (seed(plugins=[]), "at '/gateway/plugins'"),
        (seed(plugins=[{"id": "aws", "tarjet": "x"}]), "additional properties 'tarjet' not allowed"),
    ],
    ids=str,
)
def test_the_schema_rejects(given: dict[str, Any], error: str) -> None:
    assert error in rejection(given)


@pytest.mark.parametrize(
    "given",
    [
        endpoints({"plugin": "no-such"}),
        endpoints({"name": "it", "audience": None}),
        endpoints({}, {"name": "two", "plugin": "aws", "issuer": {"host": "two.example.com"}}),
        endpoints({}, {"path": "/two", "issuer": {"host": "two.example.com"}}),
        endpoints({"path": None}, {"name": "two", "plugin": "aws", "issuer": {"host": "two.example.com"}}),
        endpoints({"plugin": "no-such"}, {"plugin": "nor-this", "path": "/other"}),
    ],
    ids=["an unknown plugin", "no plugin", "one path", "one name", "one path by default", "several"],
)
def test_templates_have_the_errors_of_config_check(given: dict[str, Any], check: Any) -> None:
    of_chart = rejection(given).partition(": \n")[2].strip().splitlines()
    # The gateway's errors for the same endpoints.
    valid = render(endpoints({}))
    files = dict(the(valid, "ConfigMap", "sts-gateway")["data"])
    files |= the(valid, "ConfigMap", "sts-gateway-plugins")["data"]
    files["gateway.yaml"] = yaml.safe_dump({"sts": given["sts"]})
    ended = check(files)
    assert ended.returncode == 1
    of_gateway = [line.partition(": error: ")[2].removesuffix(" (STS1301)") for line in ended.stderr.splitlines()]
    assert of_chart and set(of_chart) <= set(of_gateway), ended.stderr


def test_the_label_of_an_unknown_plugin_is_required() -> None:
    given = endpoints({"name": "it", "plugin": "corp", "injector": None})
    given["gateway"] = {"plugins": [{"id": "corp"}]}
    assert "sts.endpoints[0].injector.label: missing required key" in rejection(given)
    given["sts"]["endpoints"][0]["injector"] = {"label": "corp"}
    assert render(given)


@pytest.mark.parametrize(
    ("given", "error"),
    [
        (seed(certManager={"enabled": True}), "gateway.certManager.issuerRef.name: missing required key"),
        (seed(ingress={"enabled": True}), "gateway.ingress.hosts: missing required key"),
        (seed(route={"enabled": True, "hosts": ["it"]}), "gateway.route.parentRefs: missing required key"),
        (seed(route={"enabled": True, "parentRefs": [{"name": "it"}]}), "gateway.route.hosts: missing required key"),
        (
            seed(webhook={"endpoints": {"other": {"failurePolicy": "Ignore"}}}),
            'gateway.webhook.endpoints: unknown endpoint "other"; expected aws',
        ),
        (
            seed(commonLabels={"app.kubernetes.io/name": "it", "team": "it"}),
            "gateway.commonLabels: the label app.kubernetes.io/name is set by the chart; remove it",
        ),
        (
            seed(podLabels={"app.kubernetes.io/instance": "it"}),
            "gateway.podLabels: the label app.kubernetes.io/instance is set by the chart; remove it",
        ),
        (
            seed(
                route={
                    "enabled": True,
                    "kind": "TLSRoute",
                    "tokens": False,
                    "parentRefs": [{"name": "it"}],
                    "hosts": ["it"],
                }
            ),
            "gateway.route.tokens: false is not supported with a TLSRoute",
        ),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_an_option_requires_the_keys_that_it_needs(given: dict[str, Any], error: str) -> None:
    assert error in rejection(given)


def test_a_key_without_a_value_is_absent(check: Any) -> None:
    given = endpoints({"plugin": "", "path": "", "publish": None, "rotation": {"every": ""}})
    given["sts"]["endpoints"][0]["subjectToken"] = None
    objects = render(given)
    ended = check({**the(objects, "ConfigMap", "sts-gateway")["data"], "plugins.json": '{"plugins": [{"id": "aws"}]}'})
    assert ended.returncode == 0, ended.stderr
    assert "aws: /aws" in ended.stdout


def test_every_key_of_openunison_is_accepted() -> None:
    schema = json.loads((REPOSITORY / "docs/configuration.schema.json").read_text())
    (pattern,) = schema["patternProperties"]
    keys = pattern.removeprefix("^(").removesuffix(")$").split("|")
    assert len(keys) > 20
    for shape in [{"any": ["thing"]}, "text", ["list"], True]:
        assert render({**values("seed"), **dict.fromkeys(keys, shape)})
