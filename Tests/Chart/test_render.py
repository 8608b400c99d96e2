"""The rendered objects of the chart."""

import shutil
from pathlib import Path
from typing import Any

import helm_python
import pytest
import yaml

from .charts import (
    CHART,
    container,
    endpoints,
    gateway_yaml,
    notes,
    of_kind,
    pod_templates,
    render,
    seed,
    the,
    values,
)


def annotations(objects: list[dict[str, Any]]) -> dict[str, str]:
    return pod_templates(objects)["Deployment"]["metadata"]["annotations"]


def leaves(value: Any, place: str = "") -> dict[str, Any]:
    if isinstance(value, dict) and value:
        return {key: leaf for name, one in value.items() for key, leaf in leaves(one, f"{place}.{name}").items()}
    return {place: value}


def test_the_sts_block_is_rendered_unchanged() -> None:
    given = values("seed")
    assert gateway_yaml(render(given))["sts"] == given["sts"]
    assert gateway_yaml(render(given))["cluster"] == "production"
    assert gateway_yaml(render({**given, "cluster": "blue"}))["cluster"] == "blue"
    assert "cluster" not in gateway_yaml(render({}))


def test_every_option_yaml_has_every_option() -> None:
    given = values("every-option")
    missing = []
    same = {".gateway.route.tokens", ".gateway.strategy.type"}
    for place, default in leaves(yaml.safe_load((CHART / "values.yaml").read_text())).items():
        value: Any = given
        for name in place.split(".")[1:]:
            value = value.get(name) if isinstance(value, dict) else None
        if value is None or (value == default and not isinstance(default, bool) and place not in same):
            missing.append(place)
    assert missing == []


def test_every_option_has_an_effect() -> None:
    """Setting any value of every-option.yaml back to its default changes the render."""
    given = values("every-option")
    defaults = leaves(yaml.safe_load((CHART / "values.yaml").read_text())["gateway"])
    whole = render(given)
    # Overridden by another value: a tag by a digest, a name by a full name, the replicas by the autoscaler.
    hidden = {".image.tag", ".sidecar.image.tag", ".node.image.tag", ".nameOverride", ".replicas"}
    without_effect = []
    for place, default in defaults.items():
        changed = values("every-option")
        block = changed["gateway"]
        *way, last = place.split(".")[1:]
        for name in way:
            block = block[name]
        if block[last] == default or place in hidden:
            continue
        if place.endswith((".parentRefs", ".issuerRef")):
            continue  # required; see test_bad_values
        block[last] = default
        if default == {} and last == "configuration":
            continue
        if render(changed) == whole:
            without_effect.append(place)
    assert without_effect == []


def test_configuration_is_mounted_without_sub_paths_so_that_updates_arrive() -> None:
    objects = render(seed())
    pod = pod_templates(objects)["Deployment"]["spec"]
    mounts = {mount["name"]: mount for mount in container(objects)["volumeMounts"]}
    assert all("subPath" not in mount and mount["readOnly"] for mount in mounts.values())
    maps = {volume["name"]: volume["configMap"]["name"] for volume in pod["volumes"]}
    arguments = dict(one[2:].split("=") for one in container(objects)["args"][1:])
    for option, volume, file in [("config", "configuration", "gateway.yaml"), ("plugins", "plugins", "plugins.json")]:
        assert arguments[option] == f"{mounts[volume]['mountPath']}/{file}"
        assert file in the(objects, "ConfigMap", maps[volume])["data"]


@pytest.mark.parametrize(
    "settings",
    [
        {"listeners": {"tokens": "0.0.0.0:8444"}},
        {"limits": {"connections": 10}},
        {"tls": {"names": ["sts.example.com"]}},
        {"review": {"kind": "kubernetes"}},
        {"keyStore": {"kind": "kubernetes"}},
        {"log": {"level": "debug"}},
        {"injection": {"webhook": {"clientCA": "/etc/api-server/ca.pem"}}},
    ],
    ids=lambda settings: next(iter(settings)),
)
def test_a_change_of_a_key_that_is_read_at_the_start_restarts_pods(settings: dict[str, Any]) -> None:
    before, after = annotations(render(seed())), annotations(render(seed(configuration=settings)))
    assert before["checksum/restart"] != after["checksum/restart"]
    assert before["checksum/plugins"] == after["checksum/plugins"]


@pytest.mark.parametrize(
    "changed",
    [
        endpoints({"audience": "other"}, {"name": "two", "plugin": "aws", "path": "/two"}),
        {**seed(), "k8s_cluster_name": "other"},
        seed(configuration={"injection": {"position": "last"}}),
        seed(configuration={"audit": {"events": False}}),
        seed(sidecar={"image": {"tag": "other"}}),
    ],
    ids=["sts", "cluster", "injection", "audit", "sidecar"],
)
def test_a_change_of_a_key_that_is_reloaded_restarts_nothing(changed: dict[str, Any]) -> None:
    before, after = render(seed()), render(changed)
    assert gateway_yaml(before) != gateway_yaml(after)
    assert pod_templates(before)["Deployment"] == pod_templates(after)["Deployment"]


def test_a_change_of_the_plugins_restarts_pods() -> None:
    before, after = annotations(render(seed())), annotations(render(seed(plugins=[{"id": "aws"}])))
    assert before["checksum/plugins"] != after["checksum/plugins"]


def test_ports_are_those_of_the_listeners() -> None:
    objects = render(seed(configuration={"listeners": {"tokens": "[::]:1443", "admin": "[::]:1090"}}))
    ports = {port["name"]: port["containerPort"] for port in container(objects)["ports"]}
    assert ports == {"tokens": 1443, "webhook": 9443, "admin": 1090}
    for name in ["sts-gateway", "sts-gateway-webhook", "sts-gateway-admin"]:
        (port,) = the(objects, "Service", name)["spec"]["ports"]
        assert port["targetPort"] in ports


@pytest.mark.parametrize(
    ("given", "address"),
    [
        ({}, "0.0.0.0"),
        ({"ipFamilyPolicy": "SingleStack"}, "0.0.0.0"),
        ({"ipFamilies": ["IPv6"]}, "[::]"),
        ({"ipFamilyPolicy": "PreferDualStack"}, "[::]"),
    ],
    ids=str,
)
def test_with_ipv6_the_gateway_listens_on_all_addresses(given: dict[str, Any], address: str) -> None:
    objects = render(seed(**given))
    assert gateway_yaml(objects)["listeners"]["tokens"] == f"{address}:8443"
    for service in of_kind(objects, "Service"):
        assert {key: service["spec"].get(key) for key in given} == given


def test_a_rolling_update_never_has_fewer_ready_replicas() -> None:
    spec = the(render(seed()), "Deployment", "sts-gateway")["spec"]
    assert spec["replicas"] == 2
    assert spec["strategy"] == {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}}


def test_selectors_match_only_the_gateway() -> None:
    objects = render(seed(networkPolicy={"enabled": True}, commonLabels={"team": "identity"}))
    labels = {kind: template["metadata"]["labels"] for kind, template in pod_templates(objects).items()}
    selectors = [one["spec"]["selector"] for one in of_kind(objects, "Service")]
    for kind in ["Deployment", "PodDisruptionBudget"]:
        selectors += [one["spec"]["selector"]["matchLabels"] for one in of_kind(objects, kind)]
    selectors += [one["spec"]["podSelector"]["matchLabels"] for one in of_kind(objects, "NetworkPolicy")]
    assert len(selectors) == 6
    for selector in selectors:
        assert selector.items() <= labels["Deployment"].items()
        assert not selector.items() <= labels["Job"].items()


def test_the_name_of_the_lease_does_not_depend_on_the_release() -> None:
    objects = render(seed(), name="blue")
    assert the(objects, "Role", "blue-sts-gateway")["rules"][-1]["resourceNames"] == ["sts-gateway"]
    injection = gateway_yaml(objects, "blue-sts-gateway")["injection"]
    assert injection["gatewayURL"] == "https://blue-sts-gateway.sts.svc:8443"
    webhook = injection["webhook"]
    assert (webhook["service"], webhook["configuration"]) == ("blue-sts-gateway-webhook", "blue-sts-gateway")


def test_long_release_names_give_valid_names() -> None:
    for one in render(seed(), name="r" * 53):
        assert len(one["metadata"]["name"]) <= 63
        assert all(len(label) <= 63 for label in one["metadata"]["labels"].values())


def test_an_image_has_a_tag_or_a_digest() -> None:
    digest = "sha256:" + "0" * 64
    assert container(render({}))["image"].startswith("sts-gateway:")
    objects = render(seed(image={"digest": digest}, sidecar={"image": {"repository": "r/s", "tag": "9"}}))
    assert container(objects)["image"] == f"sts-gateway@{digest}"
    assert gateway_yaml(objects)["injection"]["sidecar"]["image"] == "r/s:9"


def test_the_webhook_is_never_routed() -> None:
    for name in ["every-option", "http-route"]:
        objects = render(values(name))
        routed = [one for kind in ["Ingress", "HTTPRoute", "TLSRoute"] for one in of_kind(objects, kind)]
        assert routed
        text = yaml.safe_dump(routed)
        assert "webhook" not in text and "/k8s/" not in text and "admin" not in text


def test_an_ingress_routes_documents_and_optionally_tokens() -> None:
    def paths(**ingress: Any) -> dict[str, list[tuple[str, str]]]:
        objects = render(seed(ingress={"enabled": True, **ingress}))
        rules = the(objects, "Ingress", "sts-gateway")["spec"]["rules"]
        return {rule["host"]: [(p["path"], p["pathType"]) for p in rule["http"]["paths"]] for rule in rules}

    documents = [(f"/aws/{name}", "Exact") for name in [".well-known/openid-configuration", "certs", "issuer-docs"]]
    tokens = [("/aws/sig-cert", "Exact"), ("/aws/token", "Prefix")]
    host = "sts.example.com"
    assert paths(hosts=[host]) == {host: [("/ca-bundle", "Exact"), *documents, *tokens]}
    assert paths(hosts=[host], tokens=False) == {host: documents}
    of_the_issuer = [("/.well-known/openid-configuration", "Exact"), ("/certs", "Exact")]
    assert paths(issuers=True) == {"d1dexjaad4ian0.cloudfront.net": of_the_issuer}


def test_a_configured_path_of_the_key_set_is_routed_beside_the_default() -> None:
    given = seed(ingress={"enabled": True, "hosts": ["sts.example.com"], "issuers": True, "tokens": False})
    given["sts"]["endpoints"][0]["issuer"]["jwksPath"] = "/openid/v1/jwks"
    rules = the(render(given), "Ingress", "sts-gateway")["spec"]["rules"]
    found = {rule["host"]: [(p["path"], p["pathType"]) for p in rule["http"]["paths"]] for rule in rules}
    names = [".well-known/openid-configuration", "certs"]
    assert found == {
        "d1dexjaad4ian0.cloudfront.net": [(f"/{name}", "Exact") for name in [*names, "openid/v1/jwks"]],
        "sts.example.com": [(f"/aws/{name}", "Exact") for name in [*names, "issuer-docs", "openid/v1/jwks"]],
    }


def test_without_endpoints_nothing_is_routed() -> None:
    route = {"enabled": True, "hosts": ["sts.example.com"], "parentRefs": [{"name": "public"}]}
    objects = render({"gateway": {"ingress": {"enabled": True, "hosts": ["sts.example.com"]}, "route": route}})
    assert of_kind(objects, "Ingress") == of_kind(objects, "HTTPRoute") == []


def test_a_rule_of_a_route_has_at_most_eight_matches() -> None:
    for route in of_kind(render(values("http-route")), "HTTPRoute"):
        assert all(1 <= len(rule["matches"]) <= 8 for rule in route["spec"]["rules"])


def test_a_certificate_of_cert_manager_is_mounted_configured_and_trusted() -> None:
    objects = render(seed(certManager={"enabled": True, "issuerRef": {"name": "internal"}}))
    certificate = the(objects, "Certificate", "sts-gateway-tls")
    pod = pod_templates(objects)["Deployment"]["spec"]
    (volume,) = [one for one in pod["volumes"] if one["name"] == "tls"]
    (mount,) = [one for one in container(objects)["volumeMounts"] if one["name"] == "tls"]
    assert volume["secret"]["secretName"] == certificate["spec"]["secretName"]
    (pair,) = gateway_yaml(objects)["tls"]["certificates"]
    files = {"certificate": "tls.crt", "key": "tls.key", "ca": "ca.crt"}
    assert pair == {key: f"{mount['mountPath']}/{file}" for key, file in files.items()}
    (webhook,) = of_kind(objects, "MutatingWebhookConfiguration")
    assert webhook["metadata"]["annotations"]["cert-manager.io/inject-ca-from"] == "sts/sts-gateway-tls"
    asked = [
        gateway_yaml(objects)["injection"]["gatewayURL"].split("/")[2].split(":")[0],
        "sts-gateway-webhook.sts.svc",
    ]
    assert set(asked) <= set(certificate["spec"]["dnsNames"])


def test_the_names_of_a_tls_route_are_names_of_the_serving_certificate() -> None:
    route = {"enabled": True, "kind": "TLSRoute", "parentRefs": [{"name": "public"}], "hosts": ["sts.example.com"]}
    assert gateway_yaml(render(seed(route=route)))["tls"] == {"names": ["sts.example.com"]}
    assert "tls" not in gateway_yaml(render(seed()))


def test_the_notes_have_the_next_command() -> None:
    assert "helm upgrade" in notes({})
    text = notes(values("seed"))
    assert "rollout status deployment/sts-gateway" in text
    assert "tremolo.io/aws-role" in text and "helm upgrade" not in text
    # Without a publisher the command has nothing to compare.
    command = "publish --config /etc/sts-gateway/configuration/gateway.yaml --check"
    assert command not in text
    assert command in notes(endpoints({"publish": {"bucket": "documents", "region": "eu-central-1"}}))


def test_a_pod_in_the_hosts_network_uses_the_clusters_dns() -> None:
    pod = pod_templates(render(seed(hostNetwork=True)))["Deployment"]["spec"]
    assert (pod["hostNetwork"], pod["dnsPolicy"]) == (True, "ClusterFirstWithHostNet")
    pod = pod_templates(render(seed()))["Deployment"]["spec"]
    assert "hostNetwork" not in pod and "dnsPolicy" not in pod


def test_an_autoscaler_owns_the_number_of_replicas() -> None:
    objects = render(seed(autoscaling={"enabled": True}))
    assert "replicas" not in the(objects, "Deployment", "sts-gateway")["spec"]
    target = the(objects, "HorizontalPodAutoscaler", "sts-gateway")["spec"]["scaleTargetRef"]
    assert target == {"apiVersion": "apps/v1", "kind": "Deployment", "name": "sts-gateway"}
    assert not of_kind(render(seed()), "HorizontalPodAutoscaler")


@pytest.mark.parametrize("is_enabled", [True, False])
def test_the_chart_can_be_a_dependency_with_a_condition(tmp_path: Path, is_enabled: bool) -> None:
    parent = tmp_path / "platform"
    shutil.copytree(CHART, parent / "charts/sts-gateway")
    dependency = {"name": "sts-gateway", "version": "*", "condition": "sts-gateway.enabled"}
    description = {"apiVersion": "v2", "name": "platform", "version": "1.0.0", "dependencies": [dependency]}
    (parent / "Chart.yaml").write_text(yaml.safe_dump(description))
    given = {"global": {"team": "it"}, "sts-gateway": {**values("seed"), "enabled": is_enabled}}
    with helm_python.Chart.load(parent) as chart:
        texts = chart.render(given, name="it", namespace="sts")
    assert any("deployment.yaml" in path for path in texts) == is_enabled


def test_the_chart_can_be_packaged(tmp_path: Any) -> None:
    archive = helm_python.package(CHART, destination=tmp_path)
    with helm_python.Chart.load(archive) as packaged, helm_python.Chart.load(CHART) as chart:
        given = values("seed")
        assert packaged.render(given, name="a", namespace="b") == chart.render(given, name="a", namespace="b")
