"""`doctor` at the stand-in of the API."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from .api import ADMINISTRATOR, WORKLOADS
from .gateway import ISSUER, Gateway


def doctor(gateway: Gateway, **more: bool) -> dict[str, dict[str, Any]]:
    """The findings of the relying party by check. No API server is known, so there is no workload."""
    ended = gateway.command(
        "doctor", "--endpoint", "one", "--json", "--kubeconfig", str(gateway.folder / "none"), **more
    )
    assert ADMINISTRATOR not in ended.stdout + ended.stderr
    found = json.loads(ended.stdout)["findings"]
    return {finding["check"]: finding for finding in found if finding["section"] == "relying party"}


@pytest.mark.parametrize("plugin", ["anthropic", "preset"])
def test_a_federation_issuer_is_in_order_and_nothing_is_written(gateway: Gateway, plugin: str) -> None:
    if plugin == "preset":
        # The endpoint's own plugin is another one than that of its publisher.
        endpoint = gateway.endpoints["one"]
        del endpoint["plugin"]
        endpoint["preset"] = "anthropic"
        endpoint["settings"] = {
            "organization": endpoint["publish"]["organization"], "federationRule": "fdrl_reader",
            "serviceAccount": "svac_reader",
        }  # fmt: skip
        endpoint["publish"]["plugin"] = "anthropic"
        gateway.write()
    writes = len(gateway.api.writes)
    found = doctor(gateway)
    assert found["federation issuer"]["status"] == found["keys"]["status"] == "ok", found
    assert ISSUER in found["federation issuer"]["cause"]
    assert len(gateway.api.writes) == writes


@pytest.mark.parametrize(
    ("check", "code", "change"),
    [
        ("federation issuer", "STS2042", lambda issuer: issuer.update(issuer_url=f"{ISSUER}/")),
        ("federation issuer", "STS2047", lambda issuer: issuer.update(archived_at="2026-01-01T00:00:00Z")),
        ("keys", "STS2042", lambda issuer: issuer.update(jwks={"type": "inline", "keys": []})),
        ("keys", "STS2047", lambda issuer: issuer.update(jwks={"type": "discovery"})),
    ],
)
def test_a_fault_is_named(gateway: Gateway, check: str, code: str, change: Callable[[dict[str, Any]], None]) -> None:
    change(gateway.api.issuers[WORKLOADS])
    finding = doctor(gateway)[check]
    assert (finding["status"], finding["code"]) == ("failed", code), finding
    assert finding["advice"] and finding["link"].endswith(code.lower())


def test_an_issuer_that_does_not_exist_is_named(gateway: Gateway) -> None:
    del gateway.api.issuers[WORKLOADS]
    assert doctor(gateway)["federation issuer"]["code"] == "STS2042"


def test_without_a_token_nothing_is_checked_and_the_login_is_named(gateway: Gateway) -> None:
    found = doctor(gateway, with_credentials=False)
    assert [finding["status"] for finding in found.values()] == ["not_checked"]
    assert "org:admin" in found["federation issuer"]["cause"] and "ant auth login" in found["federation issuer"]["advice"]
