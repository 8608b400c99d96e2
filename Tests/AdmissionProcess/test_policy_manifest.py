"""The objects of `policy manifest`: their order, what API servers accept of them, and the golden files."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from built_programs import built_gateway

from .gateway_process import PODS
from .policy_pods import BUILT_IN, Gateway, configuration, documented, endpoint, manifest, many, pod


def test_a_label_without_annotation_is_admitted_with_a_warning(built_in: Gateway) -> None:
    given = pod({}, "aws-role")
    assert built_in.mutating.mutated(given, "shop") == given and not built_in.denying.failures(given, "shop")
    assert built_in.warning.failures(given, "shop") == [
        "the Pod has the label tremolo.io/aws-role, but no annotation of that name, so nothing is injected for aws; add "
        "the annotation"
    ]


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


@pytest.mark.parametrize("has_certificate", [False, True])
def test_policies_without_the_bundle_of_a_self_signed_ca_are_a_warning(tmp_path: Path, has_certificate: bool) -> None:
    document = configuration(endpoint("aws", audience="sts.amazonaws.com"))
    del document["injection"]["nodeDriver"]
    if has_certificate:
        document["tls"] = {"certificates": [{"certificate": "/tls/tls.crt", "key": "/tls/tls.key"}]}
    file = tmp_path / "gateway.yaml"
    file.write_text(yaml.safe_dump(document))

    def warnings(*options: str) -> list[str]:
        output = subprocess.run(
            [built_gateway(), "policy", "manifest", "--config", file, "--namespace", "sts", *options],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert output.returncode == 0 and "kind: ValidatingAdmissionPolicy\n" in output.stdout, output.stderr
        return [line for line in output.stderr.splitlines() if "warning: --ca-file is not set" in line]

    assert len(warnings()) == (0 if has_certificate else 1)
    bundle = tmp_path / "ca.pem"
    bundle.write_text("-----BEGIN CERTIFICATE-----\nYWJj\n-----END CERTIFICATE-----\n")
    assert not warnings("--ca-file", str(bundle))


def test_as_many_endpoints_as_documented_fit(tmp_path: Path) -> None:
    """An expression has at most 100,000 characters (k8s.io/apiserver, pkg/cel/limits.go), a request to etcd 1.5 MiB."""
    count = documented("endpoints of the plugin `aws`")
    assert count >= 100
    output = manifest(tmp_path, *many(count))
    assert output.returncode == 0, output.stderr
    objects = json.loads(output.stdout)["items"]
    assert max(len(one["expression"]) for each in objects for one in each["spec"].get("variables", [])) < 100_000
    assert max(len(json.dumps(one)) for one in objects) < 1_400_000
    more = manifest(tmp_path, *many(count + count // 10))
    assert more.returncode == 78 and "use admission: webhook" in more.stderr and not more.stdout


def test_the_length_of_policies_grows_in_proportion_to_the_endpoints(tmp_path: Path) -> None:
    lengths = [len(manifest(tmp_path, *many(count)).stdout) for count in (20, 40, 80)]
    assert lengths[2] - lengths[1] == pytest.approx(2 * (lengths[1] - lengths[0]), rel=0.05)


def test_the_warning_policy_has_only_the_variables_that_it_uses(built_in: Gateway) -> None:
    [names] = [
        [each["name"] for each in one["spec"]["variables"]]
        for one in built_in.objects
        if one["kind"] == "ValidatingAdmissionPolicy" and one["metadata"]["name"].endswith("-warnings")
    ]
    assert names == ["labels", "annotations", "annotation0", "annotation5"], "those of aws and vault"


@pytest.mark.parametrize("admission, severity, status", [("policy", "error", 1), ("auto", "warning", 0), ("webhook", "", 0)])
def test_config_check_reports_policies_that_no_api_server_accepts(
    tmp_path: Path, admission: str, severity: str, status: int
) -> None:
    count = documented("endpoints of the plugin `aws`")
    file = tmp_path / "gateway.yaml"
    file.write_text(yaml.safe_dump(configuration(*many(count + count // 10), admission=admission)))
    output = subprocess.run([built_gateway(), "config", "check", file], capture_output=True, text=True, check=False)
    assert output.returncode == status, output.stderr
    found = [one for one in output.stderr.splitlines() if "injection.admission" in one]
    assert bool(found) == bool(severity), output.stderr
    assert all(f"{severity}: injection.admission: " in one and "too many endpoints" in one for one in found), found


def test_every_policy_has_a_validation(tmp_path: Path) -> None:
    """An API server rejects a policy without one, also where no endpoint needs an annotation."""
    injector = {"label": "reports", "annotation": "optional"}
    output = manifest(tmp_path, endpoint("reports", plugin="oidc", audience="https://a.example.com", injector=injector))
    policies = [one for one in json.loads(output.stdout)["items"] if one["kind"] == "ValidatingAdmissionPolicy"]
    assert len(policies) == 2 and all(one["spec"]["validations"] for one in policies)


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
