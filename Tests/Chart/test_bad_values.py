"""What is wrong is refused before anything changes, and in words that help."""

import json
from typing import Any

import pytest
import yaml

from .charts import REPOSITORY, endpoints, refusal, render, seed, the, values


@pytest.mark.parametrize(
    ("given", "words"),
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
def test_the_schema_refuses(given: dict[str, Any], words: str) -> None:
    assert words in refusal(given)


@pytest.mark.parametrize(
    "given",
    [
        endpoints({"plugin": "gcp"}),
        endpoints({"name": "it", "audience": "it"}),
        endpoints({}, {"name": "two", "plugin": "aws", "issuer": {"host": "two.example.com"}}),
        endpoints({}, {"path": "/two", "issuer": {"host": "two.example.com"}}),
        endpoints({"path": None}, {"name": "two", "plugin": "aws", "issuer": {"host": "two.example.com"}}),
        endpoints({"plugin": "gcp"}, {"plugin": "azure", "path": "/other"}),
    ],
    ids=["an unknown plugin", "no plugin", "one path", "one name", "one path by default", "several"],
)
def test_templates_refuse_in_the_words_of_config_check(given: dict[str, Any], check: Any) -> None:
    said = refusal(given).partition(": \n")[2].strip().splitlines()
    # What the gateway says of the same endpoints.
    good = render(endpoints({}))
    files = dict(the(good, "ConfigMap", "sts-gateway")["data"])
    files |= the(good, "ConfigMap", "sts-gateway-plugins")["data"]
    files["gateway.yaml"] = yaml.safe_dump({"sts": given["sts"]})
    ended = check(files)
    assert ended.returncode == 1
    told = [line.partition(": error: ")[2] for line in ended.stderr.splitlines()]
    assert said and set(said) <= set(told), ended.stderr


def test_an_unknown_plugins_label_must_be_told() -> None:
    given = endpoints({"name": "it", "plugin": "corp", "injector": None})
    given["gateway"] = {"plugins": [{"id": "corp"}]}
    assert "sts.endpoints[0].injector.label: missing required key" in refusal(given)
    given["sts"]["endpoints"][0]["injector"] = {"label": "corp"}
    assert render(given)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (seed(certManager={"enabled": True}), "gateway.certManager.issuerRef.name: missing required key"),
        (seed(ingress={"enabled": True}), "gateway.ingress: has no host"),
        (seed(route={"enabled": True, "hosts": ["it"]}), "gateway.route.parentRefs: missing required key"),
        (seed(route={"enabled": True, "parentRefs": [{"name": "it"}]}), "gateway.route: has no host"),
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
def test_what_belongs_together_is_asked_for_together(given: dict[str, Any], words: str) -> None:
    assert words in refusal(given)


def test_a_key_without_a_value_is_as_good_as_absent(check: Any) -> None:
    given = endpoints({"plugin": "", "path": "", "publish": None, "rotation": {"every": ""}})
    given["sts"]["endpoints"][0]["subjectToken"] = None
    objects = render(given)
    ended = check({**the(objects, "ConfigMap", "sts-gateway")["data"], "plugins.json": '{"plugins": [{"id": "aws"}]}'})
    assert ended.returncode == 0, ended.stderr
    assert "aws: /aws" in ended.stdout


def test_every_key_of_openunisons_passes() -> None:
    schema = json.loads((REPOSITORY / "docs/configuration.schema.json").read_text())
    (pattern,) = schema["patternProperties"]
    keys = pattern.removeprefix("^(").removesuffix(")$").split("|")
    assert len(keys) > 20
    for shape in [{"any": ["thing"]}, "text", ["list"], True]:
        assert render({**values("seed"), **dict.fromkeys(keys, shape)})
