"""`doctor --exchange` and `token --credential-process` at a real server."""

import json
from collections.abc import Iterator
from typing import Any

import hvac
import pytest
from workload_api import WorkloadAPI

from .gateway import Gateway
from .server import ROOT
from .test_hand_over import serving


@pytest.fixture
def api(gateway: Gateway) -> Iterator[WorkloadAPI]:
    """The API server that the person who runs doctor has."""
    made = WorkloadAPI(gateway.pki, gateway.identity, gateway.folder)
    made.labels = {"tremolo.io/vault-role": "true"}
    made.annotations = {"tremolo.io/vault-role": "reader"}
    made.start()
    yield made
    made.stop()


def arguments(gateway: Gateway, api: WorkloadAPI) -> list[str]:
    return [
        "--endpoint", "one", "--pod", "default/web-0", "--kubeconfig", str(api.kubeconfig), "--server",
        f"https://localhost:{gateway.port}", "--ca-file", str(gateway.pki / "ca.pem"),
    ]  # fmt: skip


def doctor(gateway: Gateway, api: WorkloadAPI) -> dict[str, dict[str, Any]]:
    ended = gateway.command("doctor", "--exchange", "--json", *arguments(gateway, api))
    output = ended.stdout + ended.stderr
    for secret in ["eyJ", f'"{ROOT}"', "hvs."]:
        assert secret not in output, output
    found = json.loads(ended.stdout)["findings"]
    return {finding["check"]: finding for finding in found if finding["section"] == "relying party"}


def test_a_real_login_says_which_policies_the_session_has(gateway: Gateway, api: WorkloadAPI) -> None:
    serving(gateway)
    found = doctor(gateway, api)
    assert {name: one["status"] for name, one in found.items()} == dict.fromkeys(["mount", "role", "exchange"], "ok")
    cause = found["exchange"]["cause"]
    assert f"the role reader of auth/{gateway.mount} with the policies" in cause and '"default"' in cause
    assert " until 20" in cause


def test_a_rejected_login_is_named_with_the_server_s_reason(gateway: Gateway, api: WorkloadAPI) -> None:
    serving(gateway)
    gateway.server.client.write_data(
        f"auth/{gateway.mount}/role/reader",
        data={
            "role_type": "jwt", "user_claim": "sub", "bound_audiences": ["https://vault.example.com"],
            "bound_claims": {"namespace": "another"}, "token_policies": ["default"],
        },
    )  # fmt: skip
    exchange = doctor(gateway, api)["exchange"]
    assert (exchange["status"], exchange["code"]) == ("failed", "STS2048"), exchange
    assert "namespace" in exchange["cause"] and "bound_claims" in exchange["advice"]


def test_the_credentials_are_a_token_of_the_server(gateway: Gateway, api: WorkloadAPI) -> None:
    serving(gateway)
    ended = gateway.command("token", "--credential-process", "reader", *arguments(gateway, api))
    assert ended.returncode == 0, ended.stderr
    client = hvac.Client(url=f"http://127.0.0.1:{gateway.server.port}", token=ended.stdout.strip())
    assert client.lookup_token()["data"]["display_name"].startswith(f"{gateway.mount}-")
