"""The MutatingWebhookConfigurations, and the Pods that they match."""

import json
import tempfile
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import child_process
import pytest
import yaml

from .charts import endpoints, of_kind, pod_templates, render, seed, the, values


def webhooks(given: dict[str, Any], **options: Any) -> dict[str, dict[str, Any]]:
    """The webhooks by the name of their configuration."""
    return {
        one["metadata"]["name"]: webhook
        for one in of_kind(render(given, **options), "MutatingWebhookConfiguration")
        for webhook in one["webhooks"]
    }


def is_selected(selector: dict[str, Any], labels: dict[str, str]) -> bool:
    """Whether the labels match a metav1.LabelSelector with only matchExpressions."""
    assert set(selector) == {"matchExpressions"}
    for expression in selector["matchExpressions"]:
        value = labels.get(expression["key"])
        match expression["operator"]:
            case "Exists":
                matches = value is not None
            case "NotIn":
                matches = value not in expression["values"]
        if not matches:
            return False
    return True


def is_matched(webhook: dict[str, Any], namespace: str, labels: dict[str, str]) -> bool:
    return is_selected(webhook["namespaceSelector"], {"kubernetes.io/metadata.name": namespace}) and is_selected(
        webhook["objectSelector"], labels
    )


def test_each_endpoint_has_one() -> None:
    given = endpoints({}, {"name": "two", "plugin": "oidc", "path": "/two", "injector": None})
    found = webhooks(given)
    assert list(found) == ["sts-gateway-injector-aws", "sts-gateway-injector-two"]
    for name, webhook in zip(["aws", "two"], found.values(), strict=True):
        service = {"name": "sts-gateway-webhook", "namespace": "sts", "port": 443}
        assert webhook["clientConfig"] == {"service": {**service, "path": f"/k8s/webhooks/v1/injector-{name}"}}
        assert webhook["failurePolicy"] == "Fail" and webhook["timeoutSeconds"] == 5
        assert webhook["sideEffects"] == "None" and webhook["reinvocationPolicy"] == "IfNeeded"
        assert webhook["admissionReviewVersions"] == ["v1", "v1beta1"] and webhook["matchPolicy"] == "Equivalent"
        # The name of a webhook has at least three labels.
        assert webhook["name"].count(".") >= 2


def test_the_label_has_the_configured_prefix() -> None:
    (webhook,) = webhooks(seed(configuration={"injection": {"prefix": "corp"}})).values()
    assert webhook["objectSelector"]["matchExpressions"][0]["key"] == "corp/aws-role"


def test_no_configuration_has_a_ca_bundle() -> None:
    for webhook in webhooks(values("every-option")).values():
        assert "caBundle" not in webhook["clientConfig"]


def test_only_labeled_pods_match() -> None:
    (webhook,) = webhooks(seed()).values()
    assert is_matched(webhook, "default", {"tremolo.io/aws-role": "true"})
    assert is_matched(webhook, "default", {"tremolo.io/aws-role": ""})
    assert not is_matched(webhook, "default", {"tremolo.io/aws-role": "false"})
    assert not is_matched(webhook, "default", {"app": "web"})
    for namespace in ["sts", "kube-system", "kube-public", "kube-node-lease"]:
        assert not is_matched(webhook, namespace, {"tremolo.io/aws-role": "true"})


@pytest.mark.parametrize("name", ["seed", "every-option"])
def test_the_gateways_own_pods_do_not_match(name: str) -> None:
    """Otherwise an install, or an upgrade without ready replicas, would wait for itself."""
    objects = render(values(name), namespace="elsewhere")
    templates = pod_templates(objects)
    assert set(templates) - {"DaemonSet"} == {"Deployment", "Job"}
    for webhook in webhooks(values(name), namespace="elsewhere").values():
        for template in templates.values():
            labels = template["metadata"]["labels"]
            assert not is_selected(webhook["objectSelector"], labels)
            assert not is_selected(webhook["namespaceSelector"], {"kubernetes.io/metadata.name": "elsewhere"})


def test_the_service_is_that_of_the_webhook_listener() -> None:
    objects = render(values("every-option"))
    for configuration in of_kind(objects, "MutatingWebhookConfiguration"):
        service = configuration["webhooks"][0]["clientConfig"]["service"]
        (port,) = the(objects, "Service", service["name"])["spec"]["ports"]
        assert port["port"] == service["port"] and port["targetPort"] == "webhook"


def test_every_plugin_has_its_label_and_its_audiences(program: Path, check: Any) -> None:
    """Compares the chart's table of plugins with that of the gateway, for a minimal endpoint."""
    listed = child_process.run([program, "plugins"], check=True).stdout
    plugins = {line.split("\t")[0]: line.split("\t")[2].split() for line in listed.splitlines()}
    assert plugins
    for plugin, audiences in plugins.items():
        # The settings and the audience of the plugin's page, unless it shows a preset, whose settings are its own.
        example = example_of(plugin)
        if "preset" in example:
            example = {}
        audiences = audiences or RECOGNIZED.get(plugin, [])
        audience = (audiences or [example.get("audience", "https://example.com")])[0]
        endpoint = {"name": "it", "path": "/it", "audience": audience, "issuer": {"host": "example.com"}}
        endpoint["settings"] = example.get("settings", {})
        named = {"sts": {"endpoints": [{**endpoint, "plugin": plugin}]}}
        # Also without `plugin`, if the plugin recognizes the audience.
        for given in [named, {"sts": {"endpoints": [endpoint]}}] if audiences else [named]:
            objects = render(given)
            ended = check(files(objects))
            assert ended.returncode == 0, ended.stderr
            assert f"({plugin})" in ended.stdout
            (webhook,) = webhooks(given).values()
            key = webhook["objectSelector"]["matchExpressions"][0]["key"]
            annotations = {key: ANNOTATIONS.get(plugin, "it")}
            pod = {
                "apiVersion": "v1", "kind": "Pod",
                "metadata": {"name": "it", "labels": {key: "true"}, "annotations": annotations},
                "spec": {"serviceAccountName": "it", "containers": [{"name": "it", "image": "it"}]},
            }  # fmt: skip
            injected = inject(program, objects, pod)
            assert injected.returncode == 0, injected.stderr
            assert json.loads(injected.stdout)["metadata"]["annotations"]["tremolo.io/injected"] == "it"
            pod["metadata"]["labels"] = {f"{key}-not": "true"}
            assert inject(program, objects, pod).returncode == 1


def test_presets_of_the_values_are_mounted_and_have_their_label(program: Path, check: Any) -> None:
    page = (Path(__file__).resolve().parents[2] / "docs/presets.md").read_text()
    presets = json.loads(page.split("```json\n")[1].split("```")[0])["presets"]
    endpoint = {"name": "it", "preset": "mill", "issuer": {"host": "example.com"}, "settings": {"tenant": "acme"}}
    given = {"sts": {"endpoints": [endpoint]}, "gateway": {"presets": presets}}
    objects = render(given)
    assert json.loads(files(objects)["presets.json"]) == {"presets": presets}
    job = the(objects, "ConfigMap", "sts-gateway-check")["data"]
    assert job["presets.json"] == files(objects)["presets.json"]
    ended = check(files(objects))
    assert ended.returncode == 0, ended.stderr
    (webhook,) = webhooks(given).values()
    assert webhook["objectSelector"]["matchExpressions"][0]["key"] == "tremolo.io/mill"
    pod = {
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "it", "labels": {"tremolo.io/mill": "true"}},
        "spec": {"serviceAccountName": "it", "containers": [{"name": "it", "image": "it"}]},
    }  # fmt: skip
    injected = inject(program, objects, pod)
    assert injected.returncode == 0 and "MILL_TENANT" in injected.stdout, injected.stderr
    without = render({"sts": {"endpoints": [{**endpoint, "preset": "openai"}]}})
    assert "presets.json" not in files(without)

    def checksum(objects: list[dict[str, Any]]) -> str:
        (deployment,) = [one for one in objects if one["kind"] == "Deployment"]
        return str(deployment["spec"]["template"]["metadata"]["annotations"]["checksum/plugins"])

    assert checksum(objects) != checksum(without)


def test_an_endpoint_without_an_issuer_is_not_routed() -> None:
    given = {
        "cluster": "production",
        "sts": {
            "endpoints": [
                {"name": "one", "plugin": "oidc", "audience": "a", "issuer": {"host": "Issuer.example.com"}},
                {
                    "name": "two", "plugin": "vault", "audience": "b",
                    "publish": {"address": "https://vault.example.com:8200"},
                },
            ]
        },
        "gateway": {"ingress": {"enabled": True, "issuers": True}},
    }  # fmt: skip
    (ingress,) = [one for one in render(given) if one["kind"] == "Ingress"]
    assert [rule["host"] for rule in ingress["spec"]["rules"]] == ["issuer.example.com"]


def example_of(plugin: str) -> dict[str, Any]:
    """The endpoint of docs/plugins/<id>.md."""
    text = (Path(__file__).resolve().parents[2] / f"docs/plugins/{plugin}.md").read_text()
    return dict(yaml.safe_load(text.split("```yaml\n")[1].split("```")[0])["sts"]["endpoints"][0])


RECOGNIZED = {
    "gcp": ["https://iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/clusters/providers/production"]
}
"""Audiences that plugins recognize by their form."""

ANNOTATIONS = {
    "aws": "arn:aws:iam::111111111111:role/it",
    "azure": "3f8a1c22-0000-4000-8000-0123456789ab",
    "gcp": "it@my-project-123.iam.gserviceaccount.com",
}
"""Valid annotations of plugins that do not accept any text."""


def files(objects: list[dict[str, Any]]) -> dict[str, str]:
    return {
        **the(objects, "ConfigMap", "sts-gateway")["data"],
        **the(objects, "ConfigMap", "sts-gateway-plugins")["data"],
    }


def inject(program: Path, objects: list[dict[str, Any]], pod: dict[str, Any]) -> CompletedProcess[str]:
    with tempfile.TemporaryDirectory() as folder:
        for name, text in files(objects).items():
            (Path(folder) / name).write_text(text)
        command = [program, "inject", "--config", Path(folder) / "gateway.yaml", "-f", "-"]
        return child_process.run(command, input=json.dumps(pod))


def test_selectors_of_the_values_are_added_to_the_charts() -> None:
    given = endpoints({}, {"name": "two", "plugin": "oidc", "path": "/two", "injector": None})
    plain = webhooks(given)
    given["gateway"] = {
        "webhook": {
            "objectSelector": {"matchLabels": {"a": "b"}},
            "endpoints": {
                "two": {
                    "failurePolicy": "Ignore",
                    "timeoutSeconds": 9,
                    "objectSelector": {"matchExpressions": [{"key": "c", "operator": "Exists"}]},
                    "namespaceSelector": {"matchLabels": {"d": "e"}},
                }
            },
        }
    }
    added = webhooks(given)
    for name, expressions in {"aws": [], "two": [{"key": "c", "operator": "Exists"}]}.items():
        before, after = plain[f"sts-gateway-injector-{name}"], added[f"sts-gateway-injector-{name}"]
        assert after["objectSelector"]["matchExpressions"] == (
            before["objectSelector"]["matchExpressions"]
            + [{"key": "a", "operator": "In", "values": ["b"]}]
            + expressions
        )
    two = added["sts-gateway-injector-two"]
    assert two["namespaceSelector"]["matchExpressions"][1:] == [{"key": "d", "operator": "In", "values": ["e"]}]
    assert (two["failurePolicy"], two["timeoutSeconds"]) == ("Ignore", 9)
    aws = added["sts-gateway-injector-aws"]
    assert (aws["failurePolicy"], aws["timeoutSeconds"]) == ("Fail", 5)
    assert aws["namespaceSelector"] == plain["sts-gateway-injector-aws"]["namespaceSelector"]


@pytest.mark.parametrize("name", ["seed", "every-option"])
def test_the_program_prints_the_same_configurations(name: str, program: Path, tmp_path: Path) -> None:
    objects = render(values(name))
    full = "token-service" if name == "every-option" else "sts-gateway"
    (tmp_path / "gateway.yaml").write_text(the(objects, "ConfigMap", full)["data"]["gateway.yaml"])
    if "\n  webhook " not in child_process.run([program, "--help"]).stdout:
        pytest.skip("this program has no `webhook manifest` yet")
    command = [program, "webhook", "manifest", "--config", tmp_path / "gateway.yaml"]
    ended = child_process.run(command, env={"POD_NAMESPACE": "sts"})
    assert ended.returncode == 0, ended.stderr
    printed = {one["metadata"]["name"]: one["webhooks"] for one in yaml.safe_load_all(ended.stdout) if one}
    rendered = {one["metadata"]["name"]: one["webhooks"] for one in of_kind(objects, "MutatingWebhookConfiguration")}
    for webhook in [one for all_of_one in rendered.values() for one in all_of_one]:
        if name == "every-option":
            # Options of the chart that the program does not have.
            webhook |= {"timeoutSeconds": 5, "failurePolicy": "Fail"}
            del webhook["objectSelector"]["matchExpressions"][2:]
            del webhook["namespaceSelector"]["matchExpressions"][1:]
    assert printed == rendered


def test_without_the_webhook_there_is_no_webhook_configuration() -> None:
    assert not of_kind(render(seed(webhook={"enabled": False})), "MutatingWebhookConfiguration")
