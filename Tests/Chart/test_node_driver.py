"""The DaemonSet and the CSIDriver object of the node driver."""

import json
from typing import Any

import pytest
import yaml

from .charts import endpoints, of_kind, rejection, render, seed, the

NAME = "sts-gateway-node"


def node(**given: Any) -> list[dict[str, Any]]:
    return render(seed(node={"enabled": True, **given}))


def container(objects: list[dict[str, Any]]) -> dict[str, Any]:
    return the(objects, "DaemonSet", NAME)["spec"]["template"]["spec"]["containers"][0]


def test_without_the_driver_there_is_none_of_its_objects() -> None:
    assert not of_kind(render(seed()), "DaemonSet") and not of_kind(render(seed()), "CSIDriver")


def test_the_csi_driver_has_short_lived_volumes_with_the_gateway_s_audience() -> None:
    driver = of_kind(node(), "CSIDriver")[0]
    assert driver["metadata"]["name"] == "sts-node.tremolo.io"
    assert driver["spec"] == {
        "attachRequired": False,
        "podInfoOnMount": True,
        "volumeLifecycleModes": ["Ephemeral"],
        "fsGroupPolicy": "None",
        "requiresRepublish": True,
        "serviceAccountTokenInSecrets": True,
        "tokenRequests": [{"audience": "sts-gateway.sts.svc", "expirationSeconds": 3600}],
    }
    assert "serviceAccountTokenInSecrets" not in of_kind(node(tokenInSecrets=False), "CSIDriver")[0]["spec"]


def test_the_pod_has_no_token_and_the_permissions_that_its_storage_needs() -> None:
    spec = the(node(), "DaemonSet", NAME)["spec"]["template"]["spec"]
    assert spec["automountServiceAccountToken"] is False and spec["priorityClassName"] == "system-node-critical"
    assert container(node())["securityContext"] == {"readOnlyRootFilesystem": True, "privileged": True}
    assert container(node(storage="files"))["securityContext"] == {
        "readOnlyRootFilesystem": True,
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
    }
    assert container(node())["volumeMounts"][0]["mountPropagation"] == "Bidirectional"
    assert "mountPropagation" not in container(node(storage="files"))["volumeMounts"][0]


def test_folders_have_the_same_path_on_the_node_and_in_the_container() -> None:
    objects = node(kubeletFolder="/data/kubelet", driver="sts-node.example.com")
    spec = the(objects, "DaemonSet", NAME)["spec"]["template"]["spec"]
    hosts = {one["name"]: one["hostPath"]["path"] for one in spec["volumes"] if "hostPath" in one}
    mounts = {one["name"]: one["mountPath"] for one in container(objects)["volumeMounts"] if one["name"] in hosts}
    assert hosts == mounts == {
        "pods": "/data/kubelet/pods",
        "plugin": "/data/kubelet/plugins/sts-node.example.com",
        "registry": "/data/kubelet/plugins_registry",
    }


def test_the_driver_s_objects_are_in_a_namespace_of_their_own() -> None:
    objects = node(namespace="sts-nodes")
    assert the(objects, "DaemonSet", NAME)["metadata"]["namespace"] == "sts-nodes"
    assert the(objects, "ConfigMap", NAME)["metadata"]["namespace"] == "sts-nodes"
    environment = {one["name"]: one.get("value") for one in container(objects)["env"]}
    assert environment["STS_SERVER"] == "https://sts-gateway.sts.svc:8443"
    assert environment["STS_AUDIENCE"] == "sts-gateway.sts.svc"


def test_the_pods_of_the_driver_are_in_no_service_of_the_gateway() -> None:
    objects = node()
    labels = the(objects, "DaemonSet", NAME)["spec"]["template"]["metadata"]["labels"]
    for service in of_kind(objects, "Service"):
        assert not service["spec"]["selector"].items() <= labels.items()


@pytest.mark.parametrize(
    "given", [{"storage": "disk"}, {"kubeletFolder": "kubelet"}, {"driver": "Sts"}, {"namespace": "a/b"}, {"unknown": 1}]
)
def test_invalid_values_are_rejected(given: dict[str, Any]) -> None:
    assert "node" in rejection(seed(node={"enabled": True, **given}))


def test_the_gateway_s_configuration_names_the_driver_only_where_it_is_installed() -> None:
    def driver(objects: list[dict[str, Any]]) -> Any:
        text = the(objects, "ConfigMap", "sts-gateway")["data"]["gateway.yaml"]
        return yaml.safe_load(text)["injection"].get("nodeDriver")

    assert driver(node(driver="sts-node.example.com")) == "sts-node.example.com"
    assert driver(render(seed())) is None


def test_the_driver_has_the_path_and_the_renewal_of_each_endpoint() -> None:
    values = endpoints(
        {}, {"name": "azure", "path": "/ad", "plugin": "azure", "audience": None, "injector": {"label": "azure-client"}}
    )
    values["gateway"] = {"node": {"enabled": True}}
    text = the(render(values), "ConfigMap", NAME)["data"]["endpoints.json"]
    assert json.loads(text) == {"aws": {"path": "/aws"}, "azure": {"path": "/ad", "renewBefore": 720}}


def test_the_driver_has_the_file_mode_of_the_sidecar() -> None:
    values = seed(node={"enabled": True}, configuration={"injection": {"sidecar": {"tokenMode": "0440"}}})
    environment = {one["name"]: one.get("value") for one in container(render(values))["env"]}
    assert environment["STS_TOKEN_MODE"] == "0440"


def test_the_leader_may_write_the_ca_bundle_of_the_driver_s_namespace_only() -> None:
    objects = node(namespace="sts-nodes")
    role = the(objects, "Role", "sts-gateway-node-ca")
    assert role["metadata"]["namespace"] == "sts-nodes"
    assert role["rules"] == [
        {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["create"]},
        {"apiGroups": [""], "resources": ["configmaps"], "resourceNames": ["sts-gateway-ca"], "verbs": ["get", "patch"]},
    ]
    subject = the(objects, "RoleBinding", "sts-gateway-node-ca")["subjects"][0]
    assert subject["name"] == "sts-gateway" and subject["namespace"] == "sts"
    text = the(objects, "ConfigMap", "sts-gateway")["data"]["gateway.yaml"]
    assert yaml.safe_load(text)["injection"]["caConfigMap"] == "sts-nodes/sts-gateway-ca"
