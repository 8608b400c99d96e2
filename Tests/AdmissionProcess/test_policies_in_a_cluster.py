"""Admission policies in a real cluster and the webhook make the same Pod.

`STS_ACCEPTANCE_KUBECONFIG` names a kubeconfig whose user may write admission policies, namespaces, ServiceAccounts and
Pods (dry runs only); without it these tests are skipped. The API server must have MutatingAdmissionPolicy
(admissionregistration.k8s.io/v1, Kubernetes 1.36) and no policies of the gateway. It creates each Pod as it is, and as
the webhook makes it, which the policies leave as it is.
"""

import base64
import copy
import http.client
import json
import os
import secrets
import ssl
import urllib.parse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from waiting import DEADLINE, until

from .gateway_process import PODS
from .policy_pods import (
    ALL,
    ANNOTATIONS,
    BUILT_IN,
    CORPUS,
    FIXTURES,
    PREFIX,
    ROLE,
    Gateway,
    RandomPod,
    configuration,
    documented,
    fixture_names,
    large,
    many,
    pod,
)

KUBECONFIG = os.environ.get("STS_ACCEPTANCE_KUBECONFIG", "")
pytestmark = pytest.mark.skipif(not KUBECONFIG, reason="STS_ACCEPTANCE_KUBECONFIG names no cluster")
POLICIES = "/apis/admissionregistration.k8s.io/v1"
KINDS = {
    "MutatingAdmissionPolicy": "mutatingadmissionpolicies",
    "MutatingAdmissionPolicyBinding": "mutatingadmissionpolicybindings",
    "ValidatingAdmissionPolicy": "validatingadmissionpolicies",
    "ValidatingAdmissionPolicyBinding": "validatingadmissionpolicybindings",
}
ACCOUNTS = ["web", "web.one", "a.b", "x" * 40, "default"]
CHANCE = 200
"""Random Pods."""


class Cluster:
    """The API server of a kubeconfig with a client certificate or a token, and a namespace of the run."""

    def __init__(self, folder: Path) -> None:
        given = yaml.safe_load(Path(KUBECONFIG).read_text())
        cluster, user = given["clusters"][0]["cluster"], given["users"][0]["user"]
        address = urllib.parse.urlsplit(cluster["server"])

        def file(of: dict[str, str], name: str) -> str:
            if name in of:
                return of[name]
            (folder / name).write_bytes(base64.b64decode(of[f"{name}-data"]))
            return str(folder / name)

        context = ssl.create_default_context(cafile=file(cluster, "certificate-authority"))
        if "client-certificate-data" in user or "client-certificate" in user:
            context.load_cert_chain(file(user, "client-certificate"), file(user, "client-key"))
        self.headers = {"Content-Type": "application/json"}
        if "token" in user:
            self.headers["Authorization"] = f"Bearer {user['token']}"
        self.connection = http.client.HTTPSConnection(
            address.hostname or "", address.port or 443, timeout=DEADLINE, context=context
        )
        self.namespace = f"sts-policies-{secrets.token_hex(4)}"

    def call(self, method: str, path: str, body: Any = None) -> tuple[int, dict[str, Any]]:
        self.connection.request(method, path, None if body is None else json.dumps(body), self.headers)
        answer = self.connection.getresponse()
        return answer.status, json.loads(answer.read())

    def make(self, path: str, body: Any) -> None:
        status, answer = self.call("POST", path, body)
        causes = [one["message"] for one in (answer.get("details") or {}).get("causes", [])]
        assert status < 300, [answer.get("message"), *causes]

    def create(self, given: dict[str, Any]) -> tuple[int, Any]:
        """A dry run: the Pod without what differs each time, or the reason."""
        made = copy.deepcopy(given)
        made["metadata"].update(name="p", namespace=self.namespace)
        # The volume of the API server's own token would be between the others in one of the two Pods.
        made["spec"]["automountServiceAccountToken"] = False
        status, answer = self.call("POST", f"/api/v1/namespaces/{self.namespace}/pods?dryRun=All", made)
        if status >= 300:
            return status, answer["message"]
        for name in ["uid", "creationTimestamp", "managedFields", "resourceVersion", "generation"]:
            answer["metadata"].pop(name, None)
        return status, answer


def applied(folder: Path, configuration: dict[str, Any], probe: dict[str, Any]) -> Iterator[tuple[Cluster, Gateway]]:
    """A cluster with the policies of a configuration in force, for Pods that are like the probe."""
    cluster, gateway = Cluster(folder), Gateway(folder, configuration)
    cluster.make("/api/v1/namespaces", {"metadata": {"name": cluster.namespace}})
    made = []
    try:
        for account in ACCOUNTS:
            cluster.call("POST", f"/api/v1/namespaces/{cluster.namespace}/serviceaccounts", {"metadata": {"name": account}})
        for one in gateway.objects:
            cluster.make(f"{POLICIES}/{KINDS[one['kind']]}", one)
            made.append(f"{POLICIES}/{KINDS[one['kind']]}/{one['metadata']['name']}")
        gateway.namespace = cluster.namespace
        until(lambda: has_volume(cluster.create(probe)), "the policies")
        yield cluster, gateway
    finally:
        for path in reversed(made):
            cluster.call("DELETE", path)
        cluster.call("DELETE", f"/api/v1/namespaces/{cluster.namespace}")


def has_volume(created: tuple[int, Any]) -> bool:
    return created[0] < 300 and any(one["name"].startswith("sts-") for one in created[1]["spec"].get("volumes", []))


def pod_of(cluster: Cluster, given: dict[str, Any]) -> dict[str, Any]:
    """A copy for the namespace of the run."""
    made = copy.deepcopy(given)
    made["metadata"]["namespace"] = cluster.namespace
    return made


def check_same(cluster: Cluster, given: dict[str, Any], injected: dict[str, Any] | None) -> None:
    """The same Pod, or a denial by policy where the webhook denies it."""
    status, made = cluster.create(given)
    if injected is None:
        assert status == 403 or status == 422, made
        return
    assert status < 300, made
    assert (status, made) == cluster.create(injected)


@pytest.fixture(scope="class")
def built_in(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Cluster, Gateway]]:
    yield from applied(tmp_path_factory.mktemp("built-in"), BUILT_IN, CORPUS["plain"])


WINDOWS = "Windows Pods are not supported, since the sidecar and the node driver run on Linux only"
WINDOWS_OPTIONS = {"securityContext": {"windowsOptions": {"runAsUserName": "x"}}}
APP = {"name": "app", "image": "app:1"}
OWN = {"name": "sts-sidecar", "image": "x:1", "args": ["run"], "env": [{"name": "STS_ENDPOINTS", "value": "vault"}]}
RESERVED = "the name is reserved for injection"
DENIED = {
    "a Windows Pod": (pod({"vault-role": "web"}, "vault-role", os={"name": "windows"}), WINDOWS),
    "options of a container": (
        pod({"vault-role": "web"}, "vault-role", containers=[{**APP, **WINDOWS_OPTIONS}]), WINDOWS
    ),
    "a large ID": (pod({"vault-role": "web", "user": "9999999999"}, "vault-role"), "tremolo.io/user: invalid ID"),
    "no ID": (pod({"vault-role": "web", "group": "x"}, "vault-role"), "tremolo.io/group: invalid ID"),
    "a container of its own": (pod({"vault-role": "web"}, "vault-role", containers=[APP, OWN]), RESERVED),
    "an init container of its own": (
        pod({"vault-role": "web"}, "vault-role", initContainers=[{**OWN, "restartPolicy": "Always"}]), RESERVED
    ),
}  # fmt: skip


class TestBuiltIn:
    @pytest.mark.parametrize("delivery", ["sidecar", "csi"])
    @pytest.mark.parametrize("name", CORPUS)
    def test_pods_of_the_corpus(self, built_in: tuple[Cluster, Gateway], name: str, delivery: str) -> None:
        cluster, gateway = built_in
        given = pod_of(cluster, CORPUS[name])
        if name != "no annotations":
            given["metadata"]["annotations"][PREFIX + "delivery"] = delivery
        check_same(cluster, given, gateway.injected(given))

    @pytest.mark.parametrize("label", ANNOTATIONS)
    def test_annotations(self, built_in: tuple[Cluster, Gateway], label: str) -> None:
        cluster, gateway = built_in
        for value in ANNOTATIONS[label]:
            given = pod_of(cluster, pod({label: value}, label))
            check_same(cluster, given, gateway.injected(given))

    def test_chance_pods(self, built_in: tuple[Cluster, Gateway]) -> None:
        cluster, gateway = built_in
        pods = RandomPod(7)
        given = [pod_of(cluster, valid(pods.pod())) for _ in range(CHANCE)]
        for one, expected in zip(given, gateway.all_injected(given), strict=True):
            check_same(cluster, one, expected)


    @pytest.mark.parametrize("name", DENIED)
    def test_the_message_is_that_of_the_policies(self, built_in: tuple[Cluster, Gateway], name: str) -> None:
        """Not that of the API server's own validation, which runs after the mutating policy and before the other one."""
        cluster, _ = built_in
        given, message = DENIED[name]
        status, answer = cluster.create(pod_of(cluster, given))
        assert status == 403 and message in answer, answer

    def test_pods_as_large_as_documented(self, built_in: tuple[Cluster, Gateway]) -> None:
        cluster, gateway = built_in
        sizes = [(1, documented("variables in one container")), (documented("containers with 200 variables"), 200)]
        for containers, variables in sizes:
            given = pod_of(cluster, large(containers, variables, *ALL))
            check_same(cluster, given, gateway.injected(given))


def test_as_many_endpoints_as_documented(tmp_path: Path) -> None:
    probe = pod({"l0": ROLE, "l1": ROLE}, "l0", "l1")
    given = configuration(*many(documented("endpoints of the plugin `aws`")))
    for cluster, gateway in applied(tmp_path, given, probe):
        check_same(cluster, pod_of(cluster, probe), gateway.injected(pod_of(cluster, probe)))


def valid(given: dict[str, Any]) -> dict[str, Any]:
    """The Pod without what an API server rejects in any Pod."""
    annotations, spec = given["metadata"]["annotations"], given["spec"]
    annotations["o/a"] = annotations.pop("o/~")
    spec.pop("tolerations", None)
    spec.setdefault("volumes", [])
    if not any(one["name"] == "v0" for one in spec["volumes"]):
        spec["volumes"].append({"name": "v0", "emptyDir": {}})
    spec["restartPolicy"] = "Always"
    return given


def test_pods_of_the_fixtures(tmp_path: Path) -> None:
    probe = pod({"example-role": "a"}, "example-role")
    for cluster, gateway in applied(tmp_path, FIXTURES, probe):
        different = []
        for name in fixture_names(""):
            given = json.loads((PODS / f"{name}.json").read_text())
            if "spec" not in given:
                continue
            given = pod_of(cluster, {"metadata": {}, **given})
            created = cluster.create(given)
            if created != cluster.create(gateway.injected(given) or given):
                different.append((name, created[1] if created[0] >= 300 else ""))
        assert different == []
