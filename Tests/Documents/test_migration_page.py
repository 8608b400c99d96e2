"""docs/migrating-from-openunison.md: the denial of a Pod that both products would inject."""

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


def test_after_openunison_s_webhook_the_pod_is_denied_with_the_text_of_the_page(inject: Any) -> None:
    done = inject(with_openunison(POD))
    assert done.returncode == 1
    words = done.stderr.strip().partition("Pod web: ")[2]
    assert words and words in PAGE.read_text()


def test_before_openunison_s_webhook_the_pod_is_denied_in_the_second_review(inject: Any) -> None:
    first = inject(POD)
    assert first.returncode == 0, first.stderr
    again = inject(with_openunison(json.loads(first.stdout)))
    assert again.returncode == 1
    assert "sts-creds-sidecar" in again.stderr and "mounts sts-tokens writable" in again.stderr


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
