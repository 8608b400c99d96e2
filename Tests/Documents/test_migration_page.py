"""docs/migrating-from-openunison.md: a Pod that both webhooks get."""

import copy
import json
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import child_process
import pytest
import yaml

from .documents import blocks, page

PAGE = page("migrating-from-openunison")
ROLE = "arn:aws:iam::111111111111:role/reader"
POD: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {
        "name": "web",
        "namespace": "myns",
        "labels": {"tremolo.io/aws-role": "true"},
        "annotations": {"tremolo.io/aws-role": ROLE},
    },
    "spec": {"containers": [{"name": "web", "image": "registry.example.com/web:1"}]},
}


def with_openunison(pod: dict[str, Any]) -> dict[str, Any]:
    """The Pod after OpenUnison's webhook (openunison-kube-sts, templates/applications/sts-injector.yaml): variables at the
    end of each list, its volume and mounts only where there is none of that name, its sidecar first."""
    pod = copy.deepcopy(pod)
    spec = pod["spec"]
    mount = {"mountPath": "/tokens", "name": "sts-tokens", "readOnly": True}
    for container in spec["containers"] + spec.setdefault("initContainers", []):
        container.setdefault("env", []).extend(
            {"name": name, "value": value}
            for name, value in (("AWS_WEB_IDENTITY_TOKEN_FILE", "/tokens/token.jwt"), ("AWS_ROLE_ARN", ROLE))
        )
        mounts = container.setdefault("volumeMounts", [])
        if not any(one["name"] == "sts-tokens" for one in mounts):
            mounts.append(mount)
    spec["initContainers"].insert(
        0,
        {
            "name": "sts-creds-sidecar",
            "image": "registry.example.com/openunison-cli:1",
            "args": [
                "exchange",
                "--cacert-path=/etc/ssl/certs/ca-certificates.crt",
                "/var/run/secrets/kubernetes.io/serviceaccount/token",
                "https://k8sou.example.com/aws/token/user",
                "/tokens",
            ],
            "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["all"]}},
            "env": [],
            "restartPolicy": "Always",
            "volumeMounts": [{**mount, "readOnly": False}],
        },
    )
    if not any(one["name"] == "sts-tokens" for one in spec.setdefault("volumes", [])):
        spec["volumes"].append({"name": "sts-tokens", "emptyDir": {}})
    return pod


@pytest.fixture
def inject(gateway: Path, tmp_path: Path) -> Any:
    def run(pod: dict[str, Any], prefix: str = "tremolo.io") -> CompletedProcess[str]:
        endpoint = {"name": "aws", "issuer": {"host": "d1.cloudfront.net"}}
        endpoint["azRules"] = [{"scope": "filter", "constraint": "(namespace=myns)"}]
        (tmp_path / "pod.yaml").write_text(yaml.safe_dump(pod))
        (tmp_path / "gateway.yaml").write_text(
            yaml.safe_dump({"injection": {"prefix": prefix}, "sts": {"endpoints": [endpoint]}})
        )
        command = [gateway, "inject", "--config", "gateway.yaml", "--endpoint", "aws", "-f", "pod.yaml"]
        return child_process.run(command, cwd=tmp_path, env={"POD_NAMESPACE": "sts"})

    return run


def test_after_openunison_s_webhook_the_pod_stays_as_it_is_with_the_warning_of_the_page(inject: Any) -> None:
    done = inject(with_openunison(POD))
    assert done.returncode == 1, "the Pod does not get the endpoint from this gateway"
    (line,) = [line for line in done.stderr.splitlines() if "OpenUnison" in line]
    words = line.partition("OpenUnison")
    assert words[1] + words[2] in PAGE.read_text()
    assert not done.stdout or json.loads(done.stdout)["spec"] == with_openunison(POD)["spec"]


def test_without_the_variable_of_an_endpoint_the_pod_is_denied_with_the_text_of_the_page(inject: Any) -> None:
    pod = with_openunison(POD)
    pod["spec"]["containers"][0]["env"] = []
    done = inject(pod)
    assert done.returncode == 1
    words = done.stderr.strip().partition("Pod web: ")[2]
    assert words and words in PAGE.read_text()


def test_before_openunison_s_webhook_the_pod_gets_its_variables_back_in_the_second_review(inject: Any) -> None:
    first = inject(POD)
    assert first.returncode == 0, first.stderr
    both = with_openunison(json.loads(first.stdout))
    again = inject(both)
    assert again.returncode == 0 and "sts-creds-sidecar" in again.stderr, again.stderr
    pod = json.loads(again.stdout)
    (container,) = pod["spec"]["containers"]
    files = [one["value"] for one in container["env"] if one["name"] == "AWS_WEB_IDENTITY_TOKEN_FILE"]
    assert set(files) == {"/var/run/secrets/sts/aws/token"}
    third = inject(pod)
    assert json.loads(third.stdout) == pod, "nothing changes"


def test_with_the_trial_prefix_each_webhook_injects_other_pods(inject: Any) -> None:
    values = [yaml.safe_load(block.text) for block in blocks("yaml") if block.page == PAGE]
    (prefix,) = {
        one["gateway"]["configuration"]["injection"]["prefix"] for one in values if "configuration" in one["gateway"]
    }
    assert inject(POD, prefix).returncode == 1, "the gateway does not inject a Pod of OpenUnison"
    trial = copy.deepcopy(POD)
    trial["metadata"]["labels"] = {f"{prefix}/aws-role": "true"}
    trial["metadata"]["annotations"] = {f"{prefix}/aws-role": ROLE}
    done = inject(trial, prefix)
    assert done.returncode == 0, done.stderr
    assert "sts-sidecar" in done.stdout
