"""Admission policies and the webhook make the same Pod. Policies are evaluated by cel-cpp, with the libraries of
Kubernetes' CEL that they use."""

import copy
import json
import os
import random
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from built_programs import built_gateway

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


@pytest.fixture(scope="module")
def built_in(tmp_path_factory: pytest.TempPathFactory) -> Gateway:
    return Gateway(tmp_path_factory.mktemp("built-in"), BUILT_IN)


@pytest.fixture(scope="module")
def fixtures(tmp_path_factory: pytest.TempPathFactory) -> Gateway:
    return Gateway(tmp_path_factory.mktemp("fixtures"), FIXTURES)


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


@pytest.mark.parametrize("delivery", ["sidecar", "csi"])
@pytest.mark.parametrize("name", CORPUS)
def test_policies_and_webhook_make_the_same_pod(built_in: Gateway, name: str, delivery: str) -> None:
    given = copy.deepcopy(CORPUS[name])
    if name != "no annotations":
        given["metadata"]["annotations"][PREFIX + "delivery"] = delivery
    injected = built_in.mutating.mutated(given, "shop")
    assert injected == built_in.injected(given)
    assert built_in.denying.failures(injected, "shop") == [] == built_in.warning.failures(injected, "shop")
    assert built_in.mutating.mutated(injected, "shop") == injected, "a second evaluation changes nothing"
    assert built_in.injected(injected) == injected, "the webhook changes nothing afterwards"
    assert built_in.denying.failures(given, "shop"), "without the mutating policy it is denied"


# Fixtures whose fields have null in place of a list, which the API server removes before admission.
NULLS = {"nulls-in-place-of-lists"}
# What the webhook does and the policies do not; docs/injection.md lists it.
DIFFERENT = {
    "openunison-after-injection",
}  # fmt: skip


def fixture_names(folder: str) -> list[str]:
    return sorted(one.stem for one in (PODS / folder).glob("*.json"))


@pytest.mark.parametrize("name", [one for one in fixture_names("") if one not in NULLS | DIFFERENT])
def test_a_pod_of_the_fixtures(fixtures: Gateway, name: str) -> None:
    given = json.loads((PODS / f"{name}.json").read_text())
    injected = fixtures.mutating.mutated(given, "default")
    assert injected == (fixtures.injected(given) or given)
    assert fixtures.mutating.mutated(injected, "default") == injected
    assert not fixtures.denying.failures(injected, "default")


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


@pytest.mark.parametrize("label, value", [(label, one) for label, values in ANNOTATIONS.items() for one in values])
def test_policies_deny_the_annotations_that_the_webhook_denies(built_in: Gateway, label: str, value: str) -> None:
    given = pod({label: value}, label)
    expected = built_in.injected(given)
    injected = built_in.mutating.mutated(given, "shop")
    failures = built_in.denying.failures(injected, "shop")
    assert bool(failures) == (expected is None), failures
    assert expected is None or injected == expected
    assert expected is not None or any("annotation" in one for one in failures)


@pytest.mark.parametrize("value", ["15m", "900s", "900", "0", "1s", "1h", "2h", "1d", "9999999999d", "15", "m", "-5m", "1.5h", "15m ", "é"])
def test_policies_deny_the_lifetimes_that_the_webhook_denies(built_in: Gateway, value: str) -> None:
    given = pod({"aws-role": ROLE, "aws-role-lifetime": value}, "aws-role")
    expected = built_in.injected(given)
    injected = built_in.mutating.mutated(given, "shop")
    failures = built_in.denying.failures(injected, "shop")
    assert bool(failures) == (expected is None), failures
    assert expected is None or injected == expected
    assert expected is not None or any("invalid lifetime" in one for one in failures)


@pytest.mark.parametrize("length", [1, 63, 112, 113, 117, 118, 253])
def test_policies_deny_the_subjects_that_the_webhook_denies(built_in: Gateway, length: int) -> None:
    # "test:shop:" and the name: Azure and AWS accept fewer bytes than the others.
    for label in ["azure-client", "reports"]:
        given = pod({label: VALUES[label]}, label, serviceAccountName="a" * length)
        failures = built_in.denying.failures(built_in.mutating.mutated(given, "shop"), "shop")
        assert bool(failures) == (built_in.injected(given) is None), (label, failures)
        assert all("the subject of tokens" in one for one in failures)


def test_a_role_of_another_partition_than_the_region_is_denied(built_in: Gateway) -> None:
    for region, partition in [("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov"), ("eu-west-1", "aws"), ("xx-a-1", "")]:
        for arn in [ROLE, ROLE.replace("arn:aws:", "arn:aws-cn:"), ROLE.replace("arn:aws:", "arn:aws-us-gov:")]:
            given = pod({"aws-role": arn, "aws-role-region": region}, "aws-role")
            failures = built_in.denying.failures(built_in.mutating.mutated(given, "shop"), "shop")
            assert bool(failures) == (built_in.injected(given) is None) == (arn.split(":")[1] != partition), (region, arn)


# Denied by the webhook for what the API server rejects itself, and what the policies admit.
ADMITTED = {
    "annotation-is-a-number", "container-without-a-name", "containers-are-an-object", "env-is-a-text",
    "host-network-is-a-text", "label-is-true", "mount-path-is-a-number", "no-spec", "volume-is-a-text",
    # The Pod's own container of the name gets no token.
    "init-container-without-the-annotation",
    # OpenUnison's sidecar is recognized by its name.
    "openunison-sidecar-with-other-arguments", "openunison-sidecar-with-the-subject-token",
    "openunison-without-the-second-endpoint",
    # With "..", which policies do not resolve.
    "mount-at-our-folder-by-another-path",
}  # fmt: skip


@pytest.mark.parametrize("name", [one for one in fixture_names("denied") if one not in ADMITTED])
def test_a_denied_pod_of_the_fixtures(fixtures: Gateway, name: str) -> None:
    given = json.loads((PODS / f"denied/{name}.json").read_text())
    assert fixtures.denying.failures(fixtures.mutating.mutated(given, "default"), "default")


def test_a_label_without_annotation_is_admitted_with_a_warning(built_in: Gateway) -> None:
    given = pod({}, "aws-role")
    assert built_in.mutating.mutated(given, "shop") == given and not built_in.denying.failures(given, "shop")
    assert built_in.warning.failures(given, "shop") == [
        "the Pod has the label tremolo.io/aws-role, but no annotation of that name, so nothing is injected for aws; add "
        "the annotation"
    ]


def test_a_long_session_name_is_cut_without_a_hash(built_in: Gateway) -> None:
    injected = built_in.mutating.mutated(pod({"aws-role": ROLE}, "aws-role", serviceAccountName="a" * 63), "shop")
    [name] = [one["value"] for one in injected["spec"]["containers"][0]["env"] if one["name"] == "AWS_ROLE_SESSION_NAME"]
    assert name == ("shop." + "a" * 63)[:64]


def test_the_validating_policy_is_the_first_and_the_mutating_binding_the_last_object(built_in: Gateway) -> None:
    kinds = [one["kind"] for one in built_in.objects]
    assert kinds[0] == "ValidatingAdmissionPolicy" and kinds[-1] == "MutatingAdmissionPolicyBinding"
    assert all(one["spec"]["failurePolicy"] == "Fail" for one in built_in.objects if "failurePolicy" in one["spec"])


@pytest.mark.parametrize(
    "injection, reason",
    [({"serviceAccountAnnotations": True}, "serviceAccountAnnotations"), ({"sidecar": {"mode": "classic"}}, "classic")],
)
def test_what_policies_cannot_express_is_an_error(tmp_path: Path, injection: dict[str, Any], reason: str) -> None:
    file = tmp_path / "gateway.yaml"
    file.write_text(yaml.safe_dump(configuration(endpoint("aws", audience="sts.amazonaws.com"), **injection)))
    output = subprocess.run(
        [built_gateway(), "policy", "manifest", "--config", file, "--namespace", "sts"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert output.returncode == 78 and reason in output.stderr and not output.stdout


def manifest(folder: Path, *endpoints: dict[str, Any]) -> subprocess.CompletedProcess[str]:
    file = folder / "gateway.yaml"
    file.write_text(yaml.safe_dump(configuration(*endpoints)))
    command = [built_gateway(), "policy", "manifest", "--config", file, "--namespace", "sts", "--json"]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("count, is_possible", [(18, True), (30, False)])
def test_expressions_that_api_servers_reject_are_an_error(tmp_path: Path, count: int, is_possible: bool) -> None:
    """Expressions have at most 100,000 characters (k8s.io/apiserver, pkg/cel/limits.go)."""
    many = [endpoint(f"aws-{one}", audience="sts.amazonaws.com", injector={"label": f"l{one}"}) for one in range(count)]
    output = manifest(tmp_path, *many)
    assert (output.returncode == 0) == is_possible
    if is_possible:
        assert max(map(len, output.stdout.splitlines())) < 100_000
    else:
        assert output.returncode == 78 and "use admission: webhook" in output.stderr and not output.stdout


def test_every_policy_has_a_validation(tmp_path: Path) -> None:
    """An API server rejects a policy without one, also where no endpoint needs an annotation."""
    injector = {"label": "reports", "annotation": "optional"}
    output = manifest(tmp_path, endpoint("reports", plugin="oidc", audience="https://a.example.com", injector=injector))
    policies = [one for one in json.loads(output.stdout)["items"] if one["kind"] == "ValidatingAdmissionPolicy"]
    assert len(policies) == 2 and all(one["spec"]["validations"] for one in policies)


@pytest.mark.parametrize("name", ["skip-containers", "include-containers"])
def test_a_long_list_of_containers_is_denied(built_in: Gateway, name: str) -> None:
    given = pod({"vault-role": "web", name: "app," * 1_100}, "vault-role")
    failures = built_in.denying.failures(built_in.mutating.mutated(given, "shop"), "shop")
    assert any("longer than 4096 characters" in one for one in failures), failures
    short = pod({"vault-role": "web", name: "app," * 1_000}, "vault-role")
    assert not built_in.denying.failures(built_in.mutating.mutated(short, "shop"), "shop")


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


@pytest.mark.parametrize("seed", range(12))
def test_chance_pods_are_the_same(built_in: Gateway, seed: int) -> None:
    pods = RandomPod(seed)
    given = [pods.pod() for _ in range(50)]
    for one, expected in zip(given, built_in.all_injected(given), strict=True):
        injected = built_in.mutating.mutated(one, "shop")
        assert injected == expected
        assert built_in.denying.failures(injected, "shop") == []
        assert built_in.mutating.mutated(injected, "shop") == injected
        assert built_in.denying.failures(one, "shop"), "without the mutating policy it is denied"


GOLDEN = PODS.parent / "Policies"


@pytest.mark.parametrize("delivery", ["sidecar", "csi"])
def test_the_policies_are_those_of_the_golden_file(tmp_path: Path, delivery: str) -> None:
    """`WRITE_GOLDEN=1` writes it. Read the difference as what clusters get with the next version."""
    file = tmp_path / "gateway.yaml"
    file.write_text(yaml.safe_dump({**BUILT_IN, "injection": {**BUILT_IN["injection"], "delivery": delivery}}))
    ca = tmp_path / "ca.pem"
    ca.write_text("CA\n")
    command = [built_gateway(), "policy", "manifest", "--config", file, "--namespace", "sts", "--ca-file", ca]
    output = subprocess.run(command, capture_output=True, text=True, check=True)
    golden = GOLDEN / f"{delivery}.yaml"
    if os.environ.get("WRITE_GOLDEN"):
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(output.stdout)
    assert output.stdout == golden.read_text()
