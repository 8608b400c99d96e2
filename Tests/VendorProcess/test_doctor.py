"""`doctor --exchange` at the stand-ins of the relying parties; and what it prints where they quote what they were sent."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from gateway_program import GatewayProgram
from workload_api import WorkloadAPI

from .relying_parties import CLIENT, SERVICE_ACCOUNT, TENANT, RelyingParties

CANARY = "canary-of-the-administrator"
ANNOTATIONS = {
    "gcp-service-account": SERVICE_ACCOUNT, "azure-client": CLIENT, "oidc": "web",
}  # fmt: skip


@pytest.fixture
def api(gateway: GatewayProgram, parties: RelyingParties) -> Iterator[WorkloadAPI]:
    """The API server that the person who runs doctor has. The credentials of the relying parties are canaries."""
    made = WorkloadAPI(gateway.pki, gateway.identity, gateway.folder)
    made.annotations = {f"tremolo.io/{name}": value for name, value in ANNOTATIONS.items()}
    made.labels = {name: "true" for name in made.annotations}
    made.start()
    before = dict(gateway.more)
    gateway.more |= {
        "CLOUDSDK_AUTH_ACCESS_TOKEN": CANARY, "CLOUDSDK_API_ENDPOINT_OVERRIDES_IAM": parties.url,
        "AZURE_CLIENT_ID": CLIENT, "AZURE_CLIENT_SECRET": CANARY, "AWS_EC2_METADATA_DISABLED": "true",
    }  # fmt: skip
    yield made
    gateway.more = before
    parties.echoes = False
    made.stop()


def doctor(gateway: GatewayProgram, api: WorkloadAPI, endpoint: str) -> dict[str, dict[str, Any]]:
    ended = gateway.command(
        "doctor", "--endpoint", endpoint, "--pod", "default/web-0", "--exchange", "--json", "--kubeconfig",
        str(api.kubeconfig), "--server", f"https://localhost:{gateway.port}", "--ca-file", str(gateway.pki / "ca.pem"),
    )  # fmt: skip
    output = ended.stdout + ended.stderr
    for secret in ["eyJ", CANARY, "google-federated", "google-access", "entra-access", "reports-access"]:
        assert secret not in output, f"{secret}: {output}"
    found = json.loads(ended.stdout)["findings"]
    return {finding["check"]: finding for finding in found if finding["section"] == "relying party"}


@pytest.mark.parametrize(
    ("endpoint", "who"),
    [
        ("gcp", SERVICE_ACCOUNT),
        ("azure", f"the client {CLIENT} of the tenant {TENANT}"),
        ("reports", "/reports/token until 20"),
    ],
)
def test_a_real_exchange_says_who_the_session_is(
    gateway: GatewayProgram, api: WorkloadAPI, endpoint: str, who: str
) -> None:
    exchange = doctor(gateway, api, endpoint)["exchange"]
    assert exchange["status"] == "ok", exchange
    assert who in exchange["cause"]


@pytest.mark.parametrize("endpoint", ["gcp", "azure", "reports"])
def test_what_a_relying_party_quotes_is_not_printed(
    gateway: GatewayProgram, parties: RelyingParties, api: WorkloadAPI, endpoint: str
) -> None:
    parties.echoes = True
    found = doctor(gateway, api, endpoint)
    assert (found["exchange"]["status"], found["exchange"]["code"]) == ("failed", "STS2048"), found
