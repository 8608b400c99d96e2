"""Fixtures: one gateway with ten endpoints, one Pod with four of them, and stand-ins of the relying parties."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import child_process
import cluster_identity
import pki
import pytest
import yaml
from built_programs import REPOSITORY, built_gateway, built_sidecar
from gateway_program import OWN_AUDIENCE, GatewayProgram

from .pod import Pod
from .relying_parties import ACCOUNT, CLIENT, SERVICE_ACCOUNT, TENANT, RelyingParties

ROLE = "arn:aws:iam::111111111111:role/web"


def endpoints(parties: RelyingParties) -> dict[str, dict[str, Any]]:
    """Ten endpoints: four plugins, of which two have two, and five presets."""
    given: dict[str, dict[str, Any]] = {
        "aws": {"plugin": "aws", "settings": {"region": "eu-central-1"}},
        "aws-two": {"plugin": "aws", "injector": {"label": "aws-two"}},
        "azure": {
            "plugin": "azure",
            "settings": {
                "tenant": TENANT, "authorityHost": parties.secure_url + "/",
                "endpoints": {"authority": parties.url, "graph": parties.url, "management": parties.url},
            },
        },
        "gcp": {
            "plugin": "gcp",
            "settings": {
                "projectNumber": "123456789012", "pool": "clusters", "provider": "production", "project": "my-project-123",
                "endpoints": {"sts": parties.url, "iamCredentials": parties.url},
            },
        },
        "reports": {
            "plugin": "oidc", "audience": "https://reports.example.com",
            "settings": {"tokenEndpoint": f"{parties.url}/reports/token"},
        },
        "anthropic": {
            "preset": "anthropic",
            "settings": {"organization": TENANT, "federationRule": "fdrl_1", "serviceAccount": "svac_1"},
            "injector": {"variables": {"ANTHROPIC_BASE_URL": parties.url}},
        },
        "openai": {"preset": "openai", "settings": {"identityProvider": "idp_1", "serviceAccount": "user-1"}},
        "databricks": {
            "preset": "databricks",
            "settings": {"accountID": ACCOUNT, "host": "https://dbc-1.cloud.example.com", "clientID": CLIENT},
            "injector": {"variables": {"DATABRICKS_HOST": parties.url}},
        },
        "snowflake": {"preset": "snowflake", "settings": {"account": "myorg-myaccount"}},
        "mongodb": {"preset": "mongodb", "audience": "https://atlas.example.com"},
    }  # fmt: skip
    for name, endpoint in given.items():
        endpoint |= {
            "name": name, "path": f"/{name}", "issuer": {"host": "issuer.example.com", "path": f"/{name}"},
            "azRules": [{"scope": "filter", "constraint": "(namespace=default)"}],
            "subjectToken": {"audiences": [OWN_AUDIENCE]}, "publish": {"probe": {"enabled": False}},
        }  # fmt: skip
    return given


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("vendors")
    pki.write(made / "pki", ["localhost", "127.0.0.1"])
    cluster_identity.init(made / "cluster")
    return made


@pytest.fixture(scope="session")
def gateway(folder: Path) -> Iterator[GatewayProgram]:
    made = GatewayProgram(built_gateway(), folder, folder / "cluster", folder / "pki")
    parties = RelyingParties(folder / "pki", made)
    made.endpoints = endpoints(parties)
    made.parties = parties  # type: ignore[attr-defined]
    checked = child_process.run([made.program, "config", "check", str(made.write()), "--plugins", str(REPOSITORY / "plugins.json")])
    assert checked.returncode == 0, checked.stderr
    made.serve()
    yield made
    made.stop()
    parties.stop()
    made.check_nothing_secret_was_said()


@pytest.fixture(scope="session")
def parties(gateway: GatewayProgram) -> RelyingParties:
    return gateway.parties  # type: ignore[attr-defined, no-any-return]


def injected(gateway: GatewayProgram, labels: dict[str, str]) -> dict[str, Any]:
    """The Pod as the webhook would admit it. `labels` has the annotation of each label; empty for none."""
    annotations = {f"tremolo.io/{label}": value for label, value in labels.items() if value}
    pod = {
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {
            "name": "web-0", "namespace": "default", "labels": {f"tremolo.io/{label}": "true" for label in labels},
            "annotations": annotations,
        },
        "spec": {"serviceAccountName": "web", "containers": [{"name": "app", "image": "app"}]},
    }  # fmt: skip
    file = gateway.folder / "pod.yaml"
    file.write_text(yaml.safe_dump(pod))
    ended = gateway.command("inject", "-f", str(file))
    assert ended.returncode == 0, ended.stderr
    return dict(json.loads(ended.stdout))


@pytest.fixture(scope="session")
def pod(gateway: GatewayProgram) -> Pod:
    """One Pod with four endpoints and one sidecar, which has fetched the tokens."""
    labels = {"gcp-service-account": SERVICE_ACCOUNT, "azure-client": CLIENT, "anthropic": "", "databricks": ""}
    return started(gateway, labels, "four")


def started(gateway: GatewayProgram, labels: dict[str, str], name: str) -> Pod:
    pod = Pod(injected(gateway, labels), gateway.folder / name)
    pod.fetch(built_sidecar(), gateway, child_process.run)
    return pod
