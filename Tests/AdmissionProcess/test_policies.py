"""Admission policies and the webhook make the same Pod. Policies are evaluated by cel-cpp, with the libraries of
Kubernetes' CEL that they use."""

import copy
import json

import pytest

from .gateway_process import PODS
from .policy_pods import CORPUS, PREFIX, ROLE, Gateway, RandomPod, fixture_names, pod


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


@pytest.mark.parametrize("name", [one for one in fixture_names("") if one not in NULLS | DIFFERENT])
def test_a_pod_of_the_fixtures(fixtures: Gateway, name: str) -> None:
    given = json.loads((PODS / f"{name}.json").read_text())
    injected = fixtures.mutating.mutated(given, "default")
    assert injected == (fixtures.injected(given) or given)
    assert fixtures.mutating.mutated(injected, "default") == injected
    assert not fixtures.denying.failures(injected, "default")


def test_a_long_session_name_is_cut_without_a_hash(built_in: Gateway) -> None:
    injected = built_in.mutating.mutated(pod({"aws-role": ROLE}, "aws-role", serviceAccountName="a" * 63), "shop")
    [name] = [one["value"] for one in injected["spec"]["containers"][0]["env"] if one["name"] == "AWS_ROLE_SESSION_NAME"]
    assert name == ("shop." + "a" * 63)[:64]


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
