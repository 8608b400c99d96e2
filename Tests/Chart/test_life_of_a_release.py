"""Pods that are created while a release is installed, changed, rolled back and uninstalled: none of them starts without
the tokens that it requests, and none is denied after the end.

Helm, the gateways and the webhook calls are real; the API server stands in (live_cluster.py)."""

import copy
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import child_process
import helm_python
import pki
import pytest
import yaml
from built_programs import built_gateway
from gateway_program import GatewayProgram
from waiting import DEADLINE, until

from .charts import CHART, FOLDER, endpoints
from .live_cluster import REGISTRATION, Admitted, LiveCluster

NAME, SERVICE, LAST = "sts-gateway", "sts-gateway-webhook", "0.1.0"
ONE: dict[str, Any] = {}
TWO = {
    "name": "other", "path": "/other", "issuer": {"host": "d2example.cloudfront.net"},
    "injector": {
        "label": "other-role", "token_environment_variable_name": "OTHER_TOKEN_FILE",
        "label_value_environment_variable_name": "OTHER_ROLE",
    },
}  # fmt: skip
ROLE = "arn:aws:iam::111111111111:role/reader"


@dataclass
class Replica(GatewayProgram):
    """A Pod of the Deployment, with the files of the ConfigMap."""

    files: dict[str, str] = field(default_factory=dict)
    kubeconfig: str = ""

    def write(self) -> Path:
        (self.folder / "kubeconfig").write_text(self.kubeconfig)
        (self.folder / "plugins.json").write_text(self.files["plugins.json"])
        configuration = yaml.safe_load(self.files["gateway.yaml"])
        configuration["review"] = {"kubeconfig": str(self.folder / "kubeconfig")}
        new = self.folder / "gateway.yaml.new"
        new.write_text(yaml.safe_dump(configuration))
        return new.rename(self.folder / "gateway.yaml")

    def arguments(self, *command: str) -> list[str]:
        files = ["--config", str(self.folder / "gateway.yaml"), "--plugins", str(self.folder / "plugins.json")]
        return [str(self.program), *command, *files]

    def environment(self, with_credentials: bool = True) -> dict[str, str]:
        return {**super().environment(with_credentials), "POD_NAMESPACE": "sts", "POD_NAME": self.folder.name}

    @property
    def webhook_port(self) -> int:
        def port() -> int | None:
            lines = [line for line in self.log if line["message"] == "listening" and line["listener"] == "webhook"]
            return lines[-1]["port"] if lines else None

        return until(port, "the webhook's listener")


@dataclass
class Kubelet:
    """Runs the Pods of the Deployment. A changed ConfigMap or Deployment takes effect when a test says so."""

    cluster: LiveCluster
    folder: Path
    replicas: list[Replica] = field(default_factory=list)
    template: Any = None

    def sync(self) -> None:
        """Does what the Deployment's controller and the kubelet do after a change."""
        deployment = self.cluster.get("deployments", NAME, "sts")
        if deployment is None:
            return self.end()
        volumes = deployment["spec"]["template"]["spec"]["volumes"]
        files: dict[str, str] = {}
        for name in [one["configMap"]["name"] for one in volumes if "configMap" in one]:
            files |= (self.cluster.get("configmaps", name, "sts") or {})["data"]
        old = self.replicas
        if self.template == deployment["spec"]["template"]:
            for replica in old:
                replica.files = files
                replica.write()
            return None
        self.template = copy.deepcopy(deployment["spec"]["template"])
        self.replicas = [*old, *[self.start(files) for _ in range(2)]]
        self.publish()
        for replica in old:
            self.replicas.remove(replica)
            self.publish()
            replica.stop()
        return None

    def start(self, files: dict[str, str]) -> Replica:
        folder = self.folder / f"replica-{len(list(self.folder.glob('replica-*')))}"
        folder.mkdir()
        replica = Replica(
            built_gateway(), folder, self.folder, self.folder, files=files,
            kubeconfig=self.cluster.secured_kubeconfig,
        )  # fmt: skip
        self.replicas.append(replica)
        replica.serve()
        until(lambda: replica.get("/readyz")[0] == 200, "readiness")
        self.replicas.remove(replica)
        return replica

    def publish(self) -> None:
        """Puts the ready Pods behind the Service."""
        self.cluster.backends = {SERVICE: [one.webhook_port for one in self.replicas]}

    def end(self) -> None:
        self.cluster.backends = {}
        for replica in self.replicas:
            replica.stop()
        self.replicas = []


@dataclass
class Workload:
    """Creates Pods continuously."""

    cluster: LiveCluster
    ended: threading.Event = field(default_factory=threading.Event)
    wanted: Callable[[], set[str]] = field(default=set)
    """The endpoints that the webhook configurations in the cluster promise to the Pod that is created now."""
    wrong: list[str] = field(default_factory=list)
    injected: int = 0
    denied: int = 0
    labels: list[str] = field(default_factory=lambda: ["aws-role"])

    def __enter__(self) -> "Workload":
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_: Any) -> None:
        self.ended.set()
        self.thread.join(DEADLINE)
        assert not self.thread.is_alive()

    def run(self) -> None:
        while not self.ended.wait(0.01):
            self.create()

    def create(self) -> Admitted:
        # What is promised before the request begins and after it has ended is promised to the Pod.
        before = self.wanted()
        made = self.cluster.admit(pod(self.labels))
        missing = (before & self.wanted()) - given(made.pod)
        if made.denial:
            self.denied += 1
        elif missing:
            self.wrong.append(f"admitted without {sorted(missing)} after {made.called} calls")
        else:
            self.injected += 1
        return made


def pod(labels: list[str]) -> dict[str, Any]:
    return {
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {
            "name": "web", "labels": {f"tremolo.io/{one}": "true" for one in labels},
            "annotations": {f"tremolo.io/{one}": ROLE for one in labels},
        },
        "spec": {"containers": [{"name": "web", "image": "registry.example.com/web:1"}]},
    }  # fmt: skip


def given(made: dict[str, Any]) -> set[str]:
    """The endpoints whose tokens the Pod has."""
    containers = (made["spec"].get("initContainers") or []) + made["spec"]["containers"]
    settings = [
        one["value"]
        for container in containers
        if container["name"] == "sts-sidecar"
        for one in container["env"]
        if one["name"] == "STS_ENDPOINTS"
    ]
    return {entry.partition("=")[0] for value in settings for entry in value.split(",")}


@pytest.fixture
def cluster(tmp_path: Path, check: Any) -> Iterator[LiveCluster]:
    pki.write(tmp_path / "pki", ["127.0.0.1", "localhost"])

    def run(cluster: Any, job: dict[str, Any]) -> tuple[bool, str]:
        files = cluster.get("configmaps", job["spec"]["template"]["spec"]["volumes"][0]["configMap"]["name"], "sts")
        ended = check(files["data"])
        return ended.returncode == 0, ended.stderr + ended.stdout

    with LiveCluster(run, pki=tmp_path / "pki") as cluster:
        yield cluster


@pytest.fixture
def helm(cluster: LiveCluster) -> Iterator[helm_python.Config]:
    with helm_python.Config(kubeconfig_content=cluster.kubeconfig, namespace="sts", storage_driver="memory") as config:
        yield config


@pytest.fixture
def kubelet(cluster: LiveCluster, tmp_path: Path) -> Iterator[Kubelet]:
    (tmp_path / "pods").mkdir()
    made = Kubelet(cluster, tmp_path / "pods")
    yield made
    for replica in made.replicas:
        child_process.kill(replica.process)


def selected(cluster: LiveCluster, labels: list[str]) -> Callable[[], set[str]]:
    """The endpoints of the webhook configurations that select a Pod with these labels."""

    def run() -> set[str]:
        with cluster.lock:
            keys = [key for key in cluster.objects if key[0] == REGISTRATION]
            selectors = {
                key[2].rpartition("-injector-")[2]: cluster.objects[key]["webhooks"][0]["objectSelector"]
                for key in keys
            }
        names = {f"tremolo.io/{one}" for one in labels}
        return {
            name
            for name, selector in selectors.items()
            if {one["key"] for one in selector["matchExpressions"] if one["operator"] == "Exists"} <= names
        }

    return run


def injects(workload: Workload, endpoints: set[str]) -> Callable[[], bool]:
    return lambda: given(workload.create().pod) == endpoints


def test_no_pod_is_admitted_without_tokens_during_the_life_of_a_release_and_none_is_denied_after_it(
    cluster: LiveCluster, helm: helm_python.Config, kubelet: Kubelet, tmp_path: Path
) -> None:
    both = ["aws-role", "other-role"]
    workload = Workload(cluster, wanted=selected(cluster, both), labels=both)
    with workload:
        # Until the gateway runs, its webhook denies labelled Pods.
        helm.install(last_release(tmp_path), NAME, {}, namespace="sts", wait="hookOnly", timeout=int(DEADLINE))
        until(lambda: workload.denied, "a denied Pod")
        kubelet.sync()
        until(injects(workload, {"aws"}), "the first injected Pod")

        # An upgrade from the last release replaces the Pods.
        before = list(kubelet.replicas)
        upgrade(helm, endpoints(ONE))
        kubelet.sync()
        assert not set(map(id, before)) & set(map(id, kubelet.replicas))
        until(injects(workload, {"aws"}), "an injected Pod after the upgrade")

        # An endpoint is added: its webhook configuration exists before a gateway knows it.
        upgrade(helm, endpoints(ONE, TWO))
        denied = workload.denied
        until(lambda: workload.denied > denied, "a Pod that waits for the new endpoint")
        kubelet.sync()
        until(injects(workload, {"aws", "other"}), "a Pod with both endpoints")

        # A label is changed: the Pods have the new one already.
        # Less is promised to these Pods than to the former ones until the upgrade, so the promise changes first.
        renamed = ["aws-role", "new-role"]
        workload.wanted = selected(cluster, renamed)
        workload.labels = renamed
        upgrade(helm, endpoints(ONE, {**TWO, "injector": {**TWO["injector"], "label": "new-role"}}))
        denied = workload.denied
        until(lambda: workload.denied > denied, "a Pod that waits for the new label")
        kubelet.sync()
        until(injects(workload, {"aws", "other"}), "a Pod with the new label")

        # A rollback: to the label before, and to the last release.
        for version, labels, expected in [(3, both, {"aws", "other"}), (1, both, {"aws"})]:
            helm.rollback(NAME, version=version, timeout=int(DEADLINE))
            workload.labels = labels
            workload.wanted = selected(cluster, labels)
            kubelet.sync()
            until(injects(workload, expected), f"a Pod of version {version}")

        helm.uninstall(NAME)
        assert not [key for key in cluster.objects if key[0] == REGISTRATION]
        denied = workload.denied
        kubelet.sync()
    assert workload.wrong == []
    for labels in (["aws-role"], both):
        made = cluster.admit(pod(labels))
        assert made.denial is None and made.called == 0, "no Pod is denied after the uninstall"
    assert workload.injected > 5 and workload.denied > 0


def last_release(folder: Path) -> Path:
    """A chart of the objects that the chart of the last release rendered. Its gateways are of this release, since the
    last one is not built here."""
    chart = folder / "last-release"
    (chart / "templates").mkdir(parents=True)
    (chart / "Chart.yaml").write_text(yaml.safe_dump({"apiVersion": "v2", "name": NAME, "version": LAST}))
    (chart / "templates/all.yaml").write_text((FOLDER / f"released/{LAST}.yaml").read_text())
    return chart


def upgrade(helm: helm_python.Config, values: dict[str, Any]) -> None:
    helm.upgrade(CHART, NAME, values, namespace="sts", wait="hookOnly", timeout=int(DEADLINE))
