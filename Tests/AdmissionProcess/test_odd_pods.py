"""Hostile and odd Pods, each reviewed twice: the answer is what the page says, and the second review changes nothing."""

import copy
import json
from typing import Any

import jsonpatch
import pytest

from .gateway_process import PODS, Gateway, patch

FOLDER = "/var/run/secrets/sts"
MESH = {"name": "istio-validation", "image": "istio"}


def pod(spec: dict[str, Any] | None = None, **metadata: Any) -> dict[str, Any]:
    made = json.loads((PODS / "plain.json").read_text())
    made["spec"] |= spec or {}
    for name, value in metadata.items():
        made["metadata"][name] = {**made["metadata"].get(name, {}), **value}
    return made


def injected(**changes: Any) -> dict[str, Any]:
    """A Pod that was injected before, changed."""
    made = json.loads((PODS / "patched/plain.json").read_text())
    made["spec"] |= changes
    return made


def app(**members: Any) -> dict[str, Any]:
    return {"containers": [{"name": "app", "image": "example.com/app", **members}]}


ENDPOINTS = ",".join(["one", *[f"unknown-{index}=/unknown/{index}" for index in range(200)]])


def with_many_endpoints() -> dict[str, Any]:
    made = injected()
    for variable in made["spec"]["initContainers"][0]["env"]:
        if variable["name"] == "STS_ENDPOINTS":
            variable["value"] = ENDPOINTS
    return made


def restored() -> dict[str, Any]:
    """As Velero restores it: with defaults, a node, a status, and the volume of the API server's own token."""
    made = injected(nodeName="node-1", enableServiceLinks=True, schedulerName="default-scheduler")
    made["metadata"] |= {"resourceVersion": "17", "uid": "5", "labels": {
        **made["metadata"]["labels"], "velero.io/restore-name": "nightly"}}  # fmt: skip
    made["status"] = {"phase": "Running", "podIP": "10.0.0.7"}
    made["spec"]["volumes"].append({"name": "kube-api-access-x", "projected": {"sources": []}})
    return made


ADMITTED: dict[str, tuple[dict[str, Any], str]] = {
    "ephemeral containers": (pod({"ephemeralContainers": [{"name": "debug", "image": "busybox"}]}), ""),
    "an ephemeral container of the sidecar's name": (
        pod({"ephemeralContainers": [{"name": "sts-sidecar", "image": "busybox"}]}), ""),
    "many endpoints of another replica": (with_many_endpoints(), ""),
    "a restored Pod": (restored(), ""),
    "a sidecar named alike": (pod({"containers": [
        {"name": "app"}, {"name": "sts-sidecar2"}, {"name": "sts-sidecar-initial"}, {"name": "STS-SIDECAR"}]}), ""),
    "a volume named alike": (pod({"volumes": [{"name": "sts-tokens-2", "emptyDir": {}}]}), ""),
    "the node's network": (pod({"hostNetwork": True}), "uses its node's DNS"),
    "the node's network and the cluster's DNS": (
        pod({"hostNetwork": True, "dnsPolicy": "ClusterFirstWithHostNet"}), ""),
    "a node of Linux or Windows": (pod({"affinity": {"nodeAffinity": {
        "requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [{"matchExpressions": [
            {"key": "kubernetes.io/os", "operator": "In", "values": ["linux", "windows"]}]}]}}}}), ""),
    "lists that are null": (pod({"initContainers": None, "volumes": None}), ""),
    "a name that is generated, and no containers": (pod({"containers": []}), ""),
    "marker without the sidecar": (pod(annotations={"tremolo.io/injected": "one,two,three"}), ""),
    "a marker of rubbish": (pod(annotations={
        "tremolo.io/injected": "", "tremolo.io/injected-variables": ";;:,:a:b;app:PATH,\u0000;" + "x" * 4096}), ""),
    "a marker that claims the author's variables": (
        pod(app(env=[{"name": "EXAMPLE_ROLE", "value": "mine"}, {"name": "PATH", "value": "/bin"}]),
            annotations={"tremolo.io/injected": "one", "tremolo.io/injected-variables": "app:PATH,EXAMPLE_ROLE"}), ""),
    "a variable twice": (
        pod(app(env=[{"name": "EXAMPLE_ROLE", "value": "a"}, {"name": "EXAMPLE_ROLE", "value": "b"}])), "itself"),
    "a variable from a field": (pod(app(env=[{"name": "EXAMPLE_ROLE", "valueFrom": {
        "fieldRef": {"fieldPath": "metadata.name"}}}])), "itself"),
    "a mesh whose redirect is first": (pod({"initContainers": [MESH]}), "exclude"),
    "a folder of the link": (pod(app(volumeMounts=[{"name": "own", "mountPath": "/run/secrets/sts"}]) | {
        "volumes": [{"name": "own", "emptyDir": {}}]}), "link to /run"),
    "a Pod that never restarts": (pod({"restartPolicy": "Never", "activeDeadlineSeconds": 5}), ""),
    "a grace period of a year": (pod({"terminationGracePeriodSeconds": 31_536_000}), ""),
    "a negative grace period": (pod({"terminationGracePeriodSeconds": -1}), ""),
    "resources of the Pod": (pod({"resources": {"requests": {"cpu": "1m"}, "limits": {"memory": "1Mi"}}}), ""),
    "resources that are no quantities": (pod(app(resources={
        "requests": {"cpu": "\u0661"}, "limits": {"cpu": "1e400", "memory": "-5"}})), ""),
    "members that nobody knows": (pod({"future": {"deep": [1, 2.5, None]}, "hostUsers": False}), ""),
    "OpenUnison's webhook before": (json.loads((PODS / "injected-by-openunison.json").read_text()), "OpenUnison"),
    "OpenUnison's webhook after": (json.loads((PODS / "openunison-after-injection.json").read_text()), "OpenUnison"),
}  # fmt: skip

DENIED: dict[str, tuple[dict[str, Any], str]] = {
    "Windows": (pod({"os": {"name": "windows"}}), "Windows"),
    "a host process": (pod(app(securityContext={"windowsOptions": {"hostProcess": True}})), "Windows"),
    "10,001 containers": (pod({"containers": [{"name": f"c{i}"} for i in range(10_001)]}), "10001 containers"),
    "10,000 containers": (pod({"containers": [{"name": f"c{i}"} for i in range(10_000)]}), "skip-containers"),
    "the sidecar's name without the marker": (pod({"initContainers": [{"name": "sts-sidecar"}]}), "reserved"),
    "a second sidecar with other arguments": (
        injected(containers=[{"name": "sts-sidecar", "args": ["sh"]}]), 'args does not end in "run"'),
    "a container that reads the subject token": (
        injected(containers=[{"name": "app", "volumeMounts": [
            {"name": "sts-subject-token", "mountPath": "/steal"}]}]), "sts-subject-token"),
    "a container that writes tokens": (
        injected(containers=[{"name": "app", "volumeMounts": [
            {"name": "sts-tokens", "mountPath": "/w"}]}]), "writable"),
    "a path with dots": (pod(app(volumeMounts=[{"name": "x", "mountPath": "/var/run/a/..//secrets/./sts"}])), FOLDER),
    "a container that imitates OpenUnison's and is no init container": (
        injected(containers=[{"name": "sts-creds-sidecar", "args": ["/tokens"], "volumeMounts": [
            {"name": "sts-tokens", "mountPath": "/tokens"}]}]), "writable"),
}  # fmt: skip


@pytest.mark.parametrize("name", ADMITTED)
def test_an_odd_pod_is_admitted_and_a_second_review_changes_nothing(gateway: Gateway, name: str) -> None:
    given, warning = ADMITTED[name]
    first = gateway.review(given)
    assert warning in " ".join(first.get("warnings", [])), first
    made = jsonpatch.apply_patch(copy.deepcopy(given), patch(first))
    assert patch(gateway.review(made)) == []
    # Of what the Pod had, only what injection owns has changed.
    for container in given["spec"].get("containers") or []:
        (same,) = [one for one in made["spec"]["containers"] if one["name"] == container["name"]]
        assert same.keys() >= container.keys() and same.get("image") == container.get("image")
    assert made["spec"].get("ephemeralContainers") == given["spec"].get("ephemeralContainers")
    assert made.get("status") == given.get("status") and made["spec"].get("future") == given["spec"].get("future")


@pytest.mark.parametrize("name", DENIED)
def test_an_odd_pod_is_denied_twice_with_the_same_reason(gateway: Gateway, name: str) -> None:
    given, reason = DENIED[name]
    answers = [gateway.review(given) for _ in range(2)]
    assert answers[0] == answers[1] and answers[0]["allowed"] is False
    assert reason in answers[0]["status"]["message"] and "patch" not in answers[0]


def test_endpoints_of_another_replica_stay(gateway: Gateway) -> None:
    given = with_many_endpoints()
    made = jsonpatch.apply_patch(given, patch(gateway.review(given)))
    names = sorted(entry.partition("=")[0] for entry in ENDPOINTS.split(","))
    (value,) = [one["value"] for one in made["spec"]["initContainers"][0]["env"] if one["name"] == "STS_ENDPOINTS"]
    assert sorted(value.split(",")) == sorted(ENDPOINTS.split(","))
    assert made["metadata"]["annotations"]["tremolo.io/injected"] == ",".join(names)


def test_a_pod_of_100_containers_gets_the_tokens_in_each(gateway: Gateway) -> None:
    given = pod({"containers": [{"name": f"c{index}"} for index in range(100)]})
    made = jsonpatch.apply_patch(given, patch(gateway.review(given)))
    mounted = [one for one in made["spec"]["containers"] if one["volumeMounts"][-1]["mountPath"] == FOLDER]
    assert len(mounted) == 100 and patch(gateway.review(made)) == []
