"""The configurations, Pods and gateways of the tests of admission policies."""

import json
import os
import random
import re
import subprocess
from pathlib import Path
from typing import Any

import yaml
from built_programs import REPOSITORY, built_gateway

from .gateway_process import PODS
from .policy_evaluator import Policy

PREFIX = "tremolo.io/"
ROLE = "arn:aws:iam::111111111111:role/path/reader"
HOSTILE = 'x $(A) $$b $$$(C) "q" \\ é $'
RULES = [{"scope": "filter", "constraint": "(namespace=*)"}]


def endpoint(name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "azRules": RULES, "issuer": {"host": f"{name}.example.com"}, **more}


def configuration(*endpoints: dict[str, Any], **injection: Any) -> dict[str, Any]:
    injection = {"nodeDriver": "sts-node.tremolo.io", "sidecar": {"image": "example.com/sidecar:1"}, **injection}
    return {"cluster": "test", "injection": injection, "sts": {"endpoints": list(endpoints)}}


REPORTS = {
    "label": "reports", "annotation": "optional", "token_environment_variable_name": "REPORTS_TOKEN",
    "variables": {"REPORTS_USER": "{namespace}-{saname}", "REPORTS_ROLE": "{annotation}"},
    "files": [
        {
            "name": "reports.json", "variable": "REPORTS_CONFIGURATION",
            "contents": '{"user": "{saname}", "role": "reader\\n$", "a": "{annotation}", "file": "{tokenFile}"}',
        },
        {"name": "a.ini", "contents": "[$]\nuser={saname}\ntext={annotation}\n"},
    ],
}  # fmt: skip
BUILT_IN = configuration(
    endpoint("aws", audience="sts.amazonaws.com", injector={"variables": {"EXTRA": "{annotation}-$(x)-{saname}"}}),
    endpoint("azure", plugin="azure", settings={"tenant": "6f1e2d3c-0000-4000-8000-0123456789ab"}),
    endpoint("gcp", plugin="gcp", settings={"projectNumber": "123456789012", "pool": "pool-one", "provider": "one-two"}),
    endpoint(
        "other", plugin="kubernetes", audience="https://other.example.com",
        settings={"server": "https://other.example.com:6443", "namespace": "default", "execCredential": True},
    ),
    endpoint("reports", plugin="oidc", audience="https://reports.example.com", path="/deep/reports", injector=REPORTS),
    endpoint(
        "vault", plugin="vault", audience="https://vault.example.com",
        settings={"address": "https://vault.example.com:8200", "namespace": "team-a"},
    ),
)  # fmt: skip
# The endpoints of Tests/Fixtures/Pods.
FIXTURES = configuration(
    *[
        endpoint(
            name, plugin="oidc", audience="https://example.com", path=path,
            injector={
                "label": f"{label}-role", "token_environment_variable_name": f"{label.upper()}_TOKEN_FILE",
                "label_value_environment_variable_name": f"{label.upper()}_ROLE",
            },
        )
        for name, label, path in [("one", "example", "/one"), ("two", "two", "/deep/two")]
    ],
    gatewayURL="https://sts-gateway.test.svc:8443", sidecar={"image": "example.com/sts-sidecar:1"},
)  # fmt: skip


class Gateway:
    """`sts-gateway` with a configuration: the policies that it prints, and what the webhook does."""

    namespace = "shop"
    """Of Pods that name none."""

    def __init__(self, folder: Path, given: dict[str, Any]) -> None:
        self.folder = folder
        self.file = folder / "gateway.yaml"
        self.file.write_text(yaml.safe_dump(given, sort_keys=False))
        output = self.run("policy", "manifest", "--json")
        assert output.returncode == 0, output.stderr
        self.objects = json.loads(output.stdout)["items"]
        [self.mutating] = [Policy(one) for one in self.objects if one["kind"] == "MutatingAdmissionPolicy"]
        [self.denying, self.warning] = [Policy(one) for one in self.objects if one["kind"] == "ValidatingAdmissionPolicy"]

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [built_gateway(), *arguments, "--config", self.file],
            capture_output=True, text=True, check=False, env={**os.environ, "POD_NAMESPACE": "test"},
        )  # fmt: skip

    def injected(self, pod: dict[str, Any]) -> dict[str, Any] | None:
        """The Pod as the webhook changes it; nil where it denies it or changes nothing."""
        file = self.folder / "pod.json"
        file.write_text(json.dumps(pod))
        output = self.run("inject", "-f", str(file), "--kubernetes-version", "1.36", "--namespace", self.namespace)
        return json.loads(output.stdout) if output.returncode == 0 else None

    def all_injected(self, pods: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The Pods as the webhook changes them. None is denied."""
        file = self.folder / "pods.yaml"
        file.write_text("---\n".join(json.dumps(pod) + "\n" for pod in pods))
        output = self.run("inject", "-f", str(file), "--kubernetes-version", "1.36", "--namespace", self.namespace)
        assert output.returncode == 0, output.stderr
        return [json.loads(one) for one in output.stdout.split("---\n")]


def pod(annotations: dict[str, str], *labels: str, **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {
            "name": "p", "namespace": "shop", "labels": {PREFIX + one: "true" for one in labels},
            **({"annotations": {PREFIX + key: value for key, value in annotations.items()}} if annotations else {}),
        },
        "spec": {"containers": [{"name": "app", "image": "app:1"}], **spec},
    }  # fmt: skip


ALL = ("aws-role", "azure-client", "gcp-service-account", "kubernetes", "reports", "vault-role")
VALUES = {
    "aws-role": ROLE, "azure-client": "6F1E2D3C-0000-4000-8000-0123456789AB", "vault-role": "web", "reports": HOSTILE,
    "gcp-service-account": "web@my-project.iam.gserviceaccount.com",
}  # fmt: skip
CONTAINERS = [
    {"name": "z", "image": "z:1", "env": [{"name": "AWS_ROLE_ARN", "value": "mine"}, {"name": "AWS_REGION", "value": "x"}]},
    {"name": "app", "image": "app:1", "volumeMounts": [{"name": "d", "mountPath": "/d"}]},
    {"name": "log", "image": "log:1"},
]
INIT = [
    {"name": "b", "image": "b:1"}, {"name": "istio-proxy", "image": "i:1", "restartPolicy": "Always"},
    {"name": "m", "image": "m:1"},
]  # fmt: skip
CORPUS = {
    "plain": pod({"aws-role": ROLE}, "aws-role"),
    "region": pod({"aws-role": ROLE, "aws-role-region": "eu-central-1"}, "aws-role"),
    "all endpoints": pod(VALUES, *ALL, serviceAccountName="web.one"),
    "no annotations": pod({}, "reports"),
    "kubeconfig": pod({"kubernetes": "team-a"}, "kubernetes"),
    "optional annotation": pod({"gcp-service-account": ""}, "gcp-service-account"),
    "tenant": pod({**VALUES, "azure-client-tenant": "6F1E2D3C-0000-4000-8000-0123456789AC"}, "azure-client"),
    "requested lifetimes": pod(
        {**VALUES, "aws-role-lifetime": "15m", "vault-role-lifetime": "900", "reports-lifetime": ""}, *ALL
    ),
    "containers": pod(
        {"aws-role": ROLE, "skip-containers": "log; b"}, "aws-role", containers=CONTAINERS, initContainers=INIT,
        volumes=[{"name": "d", "emptyDir": {}}], terminationGracePeriodSeconds=3600,
    ),
    "placed after a container": pod(
        {"aws-role": ROLE, "sidecar-after": "b", "user": "1000", "group": "7"}, "aws-role", initContainers=INIT,
        automountServiceAccountToken=False,
    ),
    "included containers of a Job": pod(
        {"vault-role": "web", "include-containers": "app"}, "vault-role", containers=CONTAINERS,
        securityContext={"runAsUser": 0}, restartPolicy="Never", volumes=[{"name": "d", "emptyDir": {}}],
    ),
    "long grace period": pod({"reports": "a"}, "reports", terminationGracePeriodSeconds=100_000),
}  # fmt: skip


ANNOTATIONS = {
    "aws-role": [
        ROLE, "arn:aws-cn:iam::111111111111:role/a", "arn:aws:iam::111111111111:role/" + "a" * 64,
        "arn:aws:iam::111111111111:role/" + "a" * 65, "arn:aws:iam::11111111111:role/a", "arn:other:iam::111111111111:role/a",
        "arn:aws:iam::111111111111:role//a", "arn:aws:iam::111111111111:role/p q/a", "arn:aws:iam::111111111111:user/a",
        f"{ROLE}\n", f" {ROLE}", "arn:aws:iam::111111111111:role/" + "p" * 510 + "/a",
        "arn:aws:iam::111111111111:role/" + "p" * 511 + "/a", "x",
    ],
    "azure-client": ["6f1e2d3c-0000-4000-8000-0123456789ab", "6f1e2d3c-0000-4000-8000-0123456789ag", "6f1e", "x" * 36],
    "vault-role": ["a", "a.b-c_d", "-a", "a-", "a" * 128, "a" * 129, "a/b", "é"],
    "gcp-service-account": [
        "web@my-project.iam.gserviceaccount.com", "web@gserviceaccount.com", "a@b.example.com", "@x.gserviceaccount.com",
        "W@x.gserviceaccount.com", "a@x.gserviceaccount.com.evil", 'a"@x.gserviceaccount.com', "a@-x.gserviceaccount.com",
    ],
    "kubernetes": ["a", "a-1", "-a", "a-", "A", "a" * 63, "a" * 64, "a.b", "a\n"],
    "reports": ["a", "é" * 512, "é" * 513, "a\nb", "a\u2028b", "a\u200bb", "a\tb", HOSTILE],
}  # fmt: skip


def many(count: int) -> list[dict[str, Any]]:
    """Endpoints that set the same variables."""
    return [endpoint(f"aws-{one}", audience="sts.amazonaws.com", injector={"label": f"l{one}"}) for one in range(count)]


def documented(unit: str) -> int:
    """The number before the unit in docs/injection.md."""
    page = " ".join((REPOSITORY / "docs" / "injection.md").read_text().split())
    [number] = re.findall(rf"([0-9,]+) {re.escape(unit)}", page)
    return int(number.replace(",", ""))


def large(containers: int, variables: int, *labels: str) -> dict[str, Any]:
    """A Pod with that many variables in each container."""
    own = [{"name": f"V{one}", "value": "x"} for one in range(variables)]
    return pod(
        {one: VALUES[one] for one in labels if one in VALUES}, *labels,
        containers=[{"name": f"c{one}", "image": "c:1", "env": own} for one in range(containers)],
    )  # fmt: skip


def fixture_names(folder: str) -> list[str]:
    return sorted(one.stem for one in (PODS / folder).glob("*.json"))


def manifest(folder: Path, *endpoints: dict[str, Any]) -> subprocess.CompletedProcess[str]:
    """The output of `policy manifest --json` for endpoints."""
    file = folder / "gateway.yaml"
    file.write_text(yaml.safe_dump(configuration(*endpoints)))
    command = [built_gateway(), "policy", "manifest", "--config", file, "--namespace", "sts", "--json"]
    return subprocess.run(command, capture_output=True, text=True, check=False)


class RandomPod:
    """Random Pods, the same for the same seed: what a workload may have, without what docs/injection.md excepts."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def one_in(self, count: int) -> bool:
        return self.random.randrange(count) == 0

    def text(self) -> str:
        return "r" + "".join(self.random.choices("ab$(){}~/\\\"' ;`,:é", k=self.random.randrange(12)))

    def pod(self) -> dict[str, Any]:
        labels = self.random.sample(ALL, self.random.randint(1, 3))
        annotations = {one: VALUES[one] for one in labels if one in VALUES and one != "reports"}
        if "reports" in labels and not self.one_in(4):
            annotations["reports"] = self.text()
        if "kubernetes" in labels and self.one_in(2):
            annotations["kubernetes"] = "team-a"
        if "aws-role" in labels and self.one_in(3):
            annotations["aws-role-region"] = self.random.choice(["eu-west-1", "us-east-1"])
        for one in labels:
            # The tokens of the others have one possible lifetime.
            if one in ("aws-role", "vault-role") and self.one_in(2):
                annotations[f"{one}-lifetime"] = self.random.choice(["900", "900s", "15m"])
        spec: dict[str, Any] = {"containers": [self.container(f"c{one}") for one in range(self.random.randint(1, 4))]}
        init = self.random.sample(["i0", "istio-proxy", "i2", "linkerd-proxy"], self.random.randrange(4))
        if init:
            spec["initContainers"] = [self.container(one) for one in init]
            for one in spec["initContainers"]:
                if one["name"].endswith("-proxy") or self.one_in(4):
                    one["restartPolicy"] = "Always"
        everyone = [one["name"] for one in spec["containers"] + spec.get("initContainers", [])]
        if self.one_in(3):
            annotations["skip-containers"] = self.random.choice(["c1,c3;gone", "i0", " c2 ; c0"])
        if self.one_in(4):
            annotations["include-containers"] = ", ".join(self.random.sample(everyone, 1))
        if init and self.one_in(4):
            annotations["sidecar-after"] = self.random.choice(init)
        if self.one_in(4):
            annotations["user"] = str(self.random.randint(1, 9_999))
        if self.one_in(5):
            annotations["group"] = str(self.random.randint(1, 9_999))
        annotations["delivery"] = self.random.choice(["sidecar", "csi"])
        options = {
            "volumes": [{"name": f"v{one}", "emptyDir": {}} for one in range(self.random.randrange(3))],
            "restartPolicy": self.random.choice(["Never", "OnFailure", "Always"]),
            "serviceAccountName": self.random.choice(["web", "a.b", "x" * 40]),
            "terminationGracePeriodSeconds": self.random.choice([0, 30, 900, 20_000]),
            "automountServiceAccountToken": False,
            "securityContext": {"runAsUser": self.random.choice([0, 1000])},
            "tolerations": [{"key": self.text(), "operator": "Exists"}],
        }
        spec.update({key: value for key, value in options.items() if self.one_in(3)})
        made = pod(annotations, *labels, **spec)
        made["metadata"]["annotations"]["o/~"] = self.text()
        return made

    def container(self, name: str) -> dict[str, Any]:
        container: dict[str, Any] = {"name": name, "image": f"{name}:1"}
        if self.one_in(2):
            variables = [
                {"name": "AWS_ROLE_ARN", "value": "mine"}, {"name": "A", "value": self.text()}, {"name": "EMPTY"},
                {"name": "GCLOUD_PROJECT", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
                {"name": "BAO_ADDR", "value": "https://bao.example.com"}, {"name": "REPORTS_USER", "value": "$(A)"},
            ]  # fmt: skip
            container["env"] = self.random.sample(variables, self.random.randrange(len(variables)))
        if self.one_in(2):
            container["volumeMounts"] = [{"name": "v0", "mountPath": self.random.choice(["/data/", "/var/run/secrets"])}]
        if self.one_in(3):
            container["command"] = [self.text(), "run"]
        return container
