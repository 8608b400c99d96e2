"""`doctor` against the stand-in of Google's APIs, with an administrator's token."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from .gateway import ISSUER, Gateway
from .google import ADMINISTRATOR, POOL, PROVIDER

SECTION = "relying party"


def doctor(gateway: Gateway, **more: bool) -> dict[str, dict[str, Any]]:
    """The findings of the relying party by check. No API server is known, so there is no workload."""
    ended = gateway.command(
        "doctor", "--endpoint", "one", "--json", "--kubeconfig", str(gateway.folder / "none"), **more
    )
    assert ADMINISTRATOR not in ended.stdout + ended.stderr
    found = json.loads(ended.stdout)["findings"]
    return {finding["check"]: finding for finding in found if finding["section"] == SECTION}


def test_a_provisioned_provider_is_in_order_and_nothing_is_written(gateway: Gateway) -> None:
    before = [call for call in gateway.google.calls if not call.startswith("GET")]
    found = doctor(gateway)
    assert {name: finding["status"] for name, finding in found.items()} == dict.fromkeys(
        ["pool", "provider", "audience", "keys"], "ok"
    )
    assert ISSUER in found["provider"]["cause"]
    assert [call for call in gateway.google.calls if not call.startswith("GET")] == before


Change = Callable[[dict[str, Any], dict[str, Any]], object]


@pytest.mark.parametrize(
    ("check", "code", "change"),
    [
        ("pool", "STS2047", lambda pool, provider: pool.update(disabled=True)),
        ("pool", "STS2047", lambda pool, provider: pool.update(state="DELETED")),
        ("provider", "STS2047", lambda pool, provider: provider.update(disabled=True)),
        ("provider", "STS2042", lambda pool, provider: provider["oidc"].update(issuerUri=f"https://{ISSUER}/")),
        ("audience", "STS2043", lambda pool, provider: provider["oidc"].update(allowedAudiences=["another"])),
        ("keys", "STS2042", lambda pool, provider: provider["oidc"].pop("jwksJson")),
        ("keys", "STS2047", lambda pool, provider: provider["oidc"].update(jwksJson="{}")),
    ],
)
def test_a_fault_is_named(gateway: Gateway, check: str, code: str, change: Change) -> None:
    change(gateway.google.resources[POOL], gateway.google.resources[PROVIDER])
    finding = doctor(gateway)[check]
    assert (finding["status"], finding["code"]) == ("failed", code), finding
    assert finding["advice"] and finding["link"].endswith(code.lower())


def test_a_provider_that_does_not_exist_is_named(gateway: Gateway) -> None:
    del gateway.google.resources[PROVIDER]
    assert doctor(gateway)["provider"]["code"] == "STS2042"


def test_without_credentials_nothing_is_checked(gateway: Gateway) -> None:
    found = doctor(gateway, with_credentials=False)
    assert [finding["status"] for finding in found.values()] == ["not_checked"]
    assert found["provider"]["cause"].startswith("needs iam.workloadIdentityPoolProviders.get")
