"""Install, upgrade and rollback with Helm and a fake API server that stores the objects."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import helm_python
import pytest
import yaml
from waiting import DEADLINE

from .charts import CHART, endpoints, seed
from .cluster import Change, Cluster

NAME = "sts-gateway"
HOOK = f"{NAME}-check"
WEBHOOK = f"{NAME}-injector-aws"


@pytest.fixture
def cluster(check: Any) -> Iterator[Cluster]:
    """A fake API server that runs Jobs with the gateway."""

    def run(cluster: Cluster, job: dict[str, Any]) -> tuple[bool, str]:
        pod = job["spec"]["template"]["spec"]
        files = cluster.get("configmaps", pod["volumes"][0]["configMap"]["name"], "sts")
        assert files, "missing ConfigMap of the hook when its Job runs"
        ended = check(files["data"])
        return ended.returncode == 0, ended.stderr + ended.stdout

    with Cluster(run) as cluster:
        yield cluster


@pytest.fixture
def helm(cluster: Cluster) -> Iterator[helm_python.Config]:
    with helm_python.Config(kubeconfig_content=cluster.kubeconfig, namespace="sts", storage_driver="memory") as config:
        yield config


def install(helm: helm_python.Config, given: dict[str, Any]) -> None:
    helm.install(CHART, NAME, given, namespace="sts", wait="hookOnly", timeout=int(DEADLINE))


def upgrade(helm: helm_python.Config, given: dict[str, Any]) -> None:
    helm.upgrade(CHART, NAME, given, namespace="sts", wait="hookOnly", timeout=int(DEADLINE))


def outside_of_hooks(changes: list[Change]) -> list[Change]:
    return [change for change in changes if change.name != HOOK]


def test_the_check_runs_first_and_its_objects_are_deleted(helm: helm_python.Config, cluster: Cluster) -> None:
    install(helm, seed())
    first = next(index for index, change in enumerate(cluster.changes) if change.name != HOOK)
    assert {(c.method, c.resource) for c in cluster.changes[:first]} >= {("PATCH", "configmaps"), ("PATCH", "jobs")}
    assert not [key for key in cluster.objects if key[2] == HOOK]
    assert cluster.get("deployments", NAME, "sts") and cluster.get("mutatingwebhookconfigurations", WEBHOOK)


def test_the_webhook_is_installed_last(helm: helm_python.Config, cluster: Cluster) -> None:
    install(helm, seed())
    made = [change.resource for change in cluster.changes]
    assert made[-1] == "mutatingwebhookconfigurations" and made.index("deployments") < len(made) - 1


def test_an_upgrade_does_not_change_the_ca_bundle(helm: helm_python.Config, cluster: Cluster) -> None:
    install(helm, seed())
    configuration = cluster.get("mutatingwebhookconfigurations", WEBHOOK)
    assert configuration
    configuration["webhooks"][0]["clientConfig"]["caBundle"] = "Y2E="
    before = len(cluster.changes)
    upgrade(helm, seed(webhook={"timeoutSeconds": 3}))
    helm.rollback(NAME, version=1, timeout=int(DEADLINE))
    upgrade(helm, seed(webhook={"timeoutSeconds": 4}))
    sent = [change for change in cluster.changes[before:] if change.resource == "mutatingwebhookconfigurations"]
    assert sent
    for change in sent:
        # Applied and not replaced, without the field: its owner keeps it.
        assert (change.method, change.content_type) == ("PATCH", "application/apply-patch+yaml")
        assert change.body and "caBundle" not in change.body["webhooks"][0]["clientConfig"]
    webhook = cluster.objects["mutatingwebhookconfigurations", "", WEBHOOK]["webhooks"][0]
    assert webhook["timeoutSeconds"] == 4 and webhook["clientConfig"]["caBundle"] == "Y2E="


BAD = {
    "a filter that does not parse": (
        endpoints({"azRules": [{"scope": "filter", "constraint": "(namespace=myns"}]}), "azRules[0].constraint",
    ),
    "an unknown scope": (endpoints({"azRules": [{"scope": "role", "constraint": "x"}]}), "azRules[0].scope"),
    "two endpoints with one issuer": (
        endpoints({}, {"name": "two", "plugin": "aws", "path": "/two"}), "duplicate of sts.endpoints[0].issuer.host",
    ),
    "a reserved path": (endpoints({"path": "/k8s"}), '"/k8s" is reserved for the gateway'),
    "a plugin that is not linked": (
        {**endpoints({"plugin": "corp"}), "gateway": {"plugins": [{"id": "corp"}, {"id": "aws"}]}},
        '"corp" is not in this binary',
    ),
    "an issuer that the plugin rejects": (
        endpoints({"issuer": {"host": "d1.cloudfront.cn"}}), "cannot serve the documents",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", BAD)
def test_other_problems_are_in_the_log_of_the_hook(helm: helm_python.Config, cluster: Cluster, what: str) -> None:
    given, error = BAD[what]
    with pytest.raises(helm_python.HelmReleaseError, match=f"failed pre-install: .*Job/sts/{HOOK}"):
        install(helm, given)
    assert outside_of_hooks(cluster.changes) == []
    # The failed Job is not deleted, for its log.
    assert cluster.get("jobs", HOOK, "sts")
    assert error in cluster.logs[f"{HOOK}-pod"]


def test_an_invalid_upgrade_changes_nothing_and_a_valid_one_succeeds(helm: helm_python.Config, cluster: Cluster) -> None:
    install(helm, seed())
    before, objects = len(cluster.changes), {key: one for key, one in cluster.objects.items() if HOOK not in key[2]}
    with pytest.raises(helm_python.HelmReleaseError, match="pre-upgrade hooks failed"):
        upgrade(helm, BAD["a filter that does not parse"][0])
    assert outside_of_hooks(cluster.changes[before:]) == []
    assert objects == {key: one for key, one in cluster.objects.items() if HOOK not in key[2]}
    upgrade(helm, endpoints({"azRules": [{"scope": "filter", "constraint": "(namespace=other)"}]}))
    configuration = cluster.get("configmaps", NAME, "sts")
    assert configuration and "(namespace=other)" in configuration["data"]["gateway.yaml"]
    assert not cluster.get("jobs", HOOK, "sts")


def test_removing_an_endpoint_removes_its_webhook(helm: helm_python.Config, cluster: Cluster) -> None:
    install(helm, seed())
    upgrade(helm, {"sts": {"endpoints": []}})
    assert not cluster.get("mutatingwebhookconfigurations", WEBHOOK)
    assert cluster.get("deployments", NAME, "sts")


def test_invalid_values_change_nothing_in_the_cluster(helm: helm_python.Config, cluster: Cluster) -> None:
    for given in [endpoints({"plugin": "no-such"}), {"gatway": {}}]:
        with pytest.raises(helm_python.HelmError):
            install(helm, given)
    assert cluster.changes == []


def test_a_packaged_chart_can_be_installed(tmp_path: Path, helm: helm_python.Config, cluster: Cluster) -> None:
    helm.install(helm_python.package(CHART, destination=tmp_path), NAME, seed(), wait="hookOnly", timeout=int(DEADLINE))
    assert cluster.get("deployments", NAME, "sts")


def other_configuration(key: str) -> dict[str, Any]:
    return {
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingWebhookConfiguration",
        "metadata": {"name": "other", "resourceVersion": "1"},
        "webhooks": [{
            "name": "it.example.com", "clientConfig": {"service": {"name": "other-webhook", "namespace": "other"}},
            "objectSelector": {"matchExpressions": [{"key": key, "operator": "Exists"}]},
        }],
    }  # fmt: skip


@pytest.mark.parametrize(("key", "is_told"), [("tremolo.io/aws-role", True), ("example.com/aws-role", False)])
def test_the_notes_name_other_configurations_with_a_label_of_this_release(
    helm: helm_python.Config, cluster: Cluster, key: str, is_told: bool
) -> None:
    cluster.objects["mutatingwebhookconfigurations", "", "other"] = other_configuration(key)
    install(helm, seed())
    upgrade(helm, seed())
    release = helm.status(NAME)
    text = release["notes"]
    assert ("WARNING" in text and "call another Service: other\n" in text) == is_told


def test_the_gateway_listens_at_ipv6_in_a_cluster_that_has_it(helm: helm_python.Config, cluster: Cluster) -> None:
    cluster.objects["services", "default", "kubernetes"] = {
        "apiVersion": "v1", "kind": "Service", "spec": {"ipFamilies": ["IPv6"]},
        "metadata": {"name": "kubernetes", "namespace": "default", "resourceVersion": "1"},
    }  # fmt: skip
    install(helm, seed())
    text = cluster.get("configmaps", NAME, "sts")["data"]["gateway.yaml"]  # type: ignore[index]
    assert yaml.safe_load(text)["listeners"]["tokens"] == "[::]:8443"
