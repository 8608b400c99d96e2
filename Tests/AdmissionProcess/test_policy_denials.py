"""Admission policies deny the Pods that the webhook denies."""

import json
from typing import Any

import pytest

from .gateway_process import PODS
from .policy_pods import ANNOTATIONS, HOSTILE, PREFIX, ROLE, VALUES, Gateway, fixture_names, pod


def check_denial(policies: Gateway, given: dict[str, Any], text: str) -> None:
    """The policies make the Pod of the webhook; or both deny it, the policies with the text."""
    expected = policies.injected(given)
    injected = policies.mutating.mutated(given, "shop")
    failures = policies.denying.failures(injected, "shop")
    assert bool(failures) == (expected is None), failures
    assert expected is None or injected == expected
    assert expected is not None or any(text in one for one in failures)


@pytest.mark.parametrize("label, value", [(label, one) for label, values in ANNOTATIONS.items() for one in values])
def test_policies_deny_the_annotations_that_the_webhook_denies(built_in: Gateway, label: str, value: str) -> None:
    given = pod({label: value}, label)
    check_denial(built_in, given, "annotation")


@pytest.mark.parametrize("value", ["15m", "900s", "900", "0", "1s", "1h", "2h", "1d", "9999999999d", "15", "m", "-5m", "1.5h", "15m ", "é"])
def test_policies_deny_the_lifetimes_that_the_webhook_denies(built_in: Gateway, value: str) -> None:
    given = pod({"aws-role": ROLE, "aws-role-lifetime": value}, "aws-role")
    check_denial(built_in, given, "invalid lifetime")


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


@pytest.mark.parametrize("name", ["skip-containers", "include-containers"])
def test_a_long_list_of_containers_is_denied(built_in: Gateway, name: str) -> None:
    given = pod({"vault-role": "web", name: "app," * 1_100}, "vault-role")
    failures = built_in.denying.failures(built_in.mutating.mutated(given, "shop"), "shop")
    assert any("longer than 4096 characters" in one for one in failures), failures
    short = pod({"vault-role": "web", name: "app," * 1_000}, "vault-role")
    assert not built_in.denying.failures(built_in.mutating.mutated(short, "shop"), "shop")


def check_same(policies: Gateway, given: dict[str, Any], denial: str = "") -> None:
    """The policies and the webhook make the same Pod, or both deny it with the message. A denied Pod stays as it is: the API
    server validates what the mutating policy makes before the other policy can deny it."""
    expected = policies.injected(given)
    injected = policies.mutating.mutated(given, "shop")
    failures = policies.denying.failures(injected, "shop")
    assert (expected is None) == bool(denial)
    assert injected == (expected or given)
    if denial:
        assert failures and denial in failures[0], failures
    else:
        assert not failures


OWN = {"name": "sts-sidecar", "image": "x:1", "env": [{"name": "STS_ENDPOINTS", "value": "vault"}]}
RUN = {**OWN, "args": ["run"], "restartPolicy": "Always"}
ONCE = {**OWN, "name": "sts-sidecar-init", "args": ["once"]}
APP = {"name": "app", "image": "app:1"}
RESERVED = "the name is reserved for injection"


@pytest.mark.parametrize(
    "annotations, init, containers, denial",
    [
        ({}, [RUN], [], RESERVED), ({}, [OWN], [], RESERVED), ({}, [], [RUN], RESERVED), ({}, [ONCE], [], RESERVED),
        ({"injected": "vault"}, [OWN], [], RESERVED), ({"injected": "vault"}, [], [OWN], RESERVED),
        ({"injected": "vault"}, [{**RUN, "args": ["run", "x"]}], [], RESERVED),
        ({"injected": "vault"}, [], [ONCE], RESERVED), ({"injected": "vault"}, [{**ONCE, "args": ["run"]}], [], RESERVED),
        # Recognized: what it lacks is added.
        ({"injected": "vault"}, [RUN], [], ""), ({"injected": "vault"}, [{**OWN, "command": ["/x", "run"]}], [], ""),
        ({"injected": "vault"}, [{**RUN, "volumeMounts": [{"name": "x", "mountPath": "/var/run/secrets/sts"}]}], [], ""),
        ({"injected": "vault"}, [{**RUN, "env": [{"name": "STS_FILES", "value": "{}"}, {"name": "STS_LINGER", "value": "1m"}]}],
         [], ""),
        ({"injected": ""}, [], [], ""),
    ],
)  # fmt: skip
def test_a_container_of_the_pods_own_is_not_taken_as_the_sidecar(
    built_in: Gateway, annotations: dict[str, str], init: list[Any], containers: list[Any], denial: str
) -> None:
    for own in [{"initContainers": init} if init else {}, {"initContainers": [APP | {"name": "i"}, *init]}]:
        given = pod({"vault-role": "web", **annotations}, "vault-role", containers=[APP, *containers], **own)
        check_same(built_in, given, denial)


WINDOWS = "Windows Pods are not supported, since the sidecar and the node driver run on Linux only; remove the label"
REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"


def affinity(*terms: dict[str, Any]) -> dict[str, Any]:
    return {"affinity": {"nodeAffinity": {REQUIRED: {"nodeSelectorTerms": list(terms)}}}}


def term(key: str, operator: str, *values: str) -> dict[str, Any]:
    return {"matchExpressions": [{"key": key, "operator": operator, "values": list(values)}]}


OPTIONS = {"securityContext": {"windowsOptions": {"runAsUserName": "x"}}}


@pytest.mark.parametrize(
    "spec, denial",
    [
        ({"os": {"name": "windows"}}, WINDOWS), ({"os": {"name": "linux"}}, ""), (OPTIONS, WINDOWS),
        ({"nodeSelector": {"kubernetes.io/os": "windows"}}, WINDOWS), ({"nodeSelector": {"kubernetes.io/os": "linux"}}, ""),
        ({"nodeSelector": {"beta.kubernetes.io/os": "Windows"}}, WINDOWS), ({"containers": [{**APP, **OPTIONS}]}, WINDOWS),
        ({"initContainers": [{**APP, "name": "i", **OPTIONS}]}, WINDOWS),
        ({"initContainers": [{**APP, "name": "i", "securityContext": {"windowsOptions": {"hostProcess": False}}}]}, WINDOWS),
        ({"containers": [{**APP, "securityContext": {"windowsOptions": {}}}]}, ""),
        (affinity(term("kubernetes.io/os", "In", "windows")), WINDOWS),
        (affinity(term("kubernetes.io/os", "NotIn", "linux", "x")), WINDOWS),
        (affinity(term("kubernetes.io/os", "In", "windows", "linux")), ""), (affinity(term("zone", "In", "windows")), ""),
        (affinity(term("kubernetes.io/os", "In", "windows"), {"matchFields": []}), ""), ({"affinity": {}}, ""),
    ],
)  # fmt: skip
def test_windows_pods_are_denied(built_in: Gateway, spec: dict[str, Any], denial: str) -> None:
    check_same(built_in, pod({"vault-role": "web"}, "vault-role", **spec), denial)


@pytest.mark.parametrize("name", ["user", "group"])
@pytest.mark.parametrize(
    "value, is_valid",
    [("1", True), ("0", True), ("2147483647", True), ("2147483648", False), ("9999999999", False), ("99999999999", False),
     ("", False), ("a", False), ("-1", False), ("1.5", False), ("1\n", False), ("٣", False)],
)  # fmt: skip
def test_ids_are_checked_before_the_pod_is_changed(built_in: Gateway, name: str, value: str, is_valid: bool) -> None:
    denial = "" if is_valid else f"{PREFIX}{name}: invalid ID"
    check_same(built_in, pod({"vault-role": "web", name: value}, "vault-role"), denial)


@pytest.mark.parametrize("seconds", [-(2**63), -1, 0, 719, 720, 721, 17_280, 17_281, 2**62, 2**63 - 1])
def test_the_token_lifetime_of_any_grace_period(built_in: Gateway, seconds: int) -> None:
    check_same(built_in, pod({"vault-role": "web"}, "vault-role", terminationGracePeriodSeconds=seconds))


TOO_LONG = "the settings of the Pod's endpoints are longer than 8192 bytes"


@pytest.mark.parametrize("length, denial", [(8_000, ""), (8_300, TOO_LONG)])
def test_the_settings_of_an_earlier_injection_are_bounded(built_in: Gateway, length: int, denial: str) -> None:
    """The sidecar of another replica keeps its endpoints."""
    other = "other-endpoint=/" + "a" * length
    sidecar = {**RUN, "env": [{"name": "STS_ENDPOINTS", "value": f"{other},vault"}]}
    given = pod({"vault-role": "web", "injected": "vault"}, "vault-role", initContainers=[sidecar])
    expected = built_in.injected(given)
    assert (expected is None) == bool(denial)
    failures = built_in.denying.failures(given, "shop")
    assert any(TOO_LONG in one for one in failures) == bool(denial)


@pytest.mark.parametrize("name", ["STS_ENDPOINTS", "STS_LIFETIMES", "endpoints", "lifetimes"])
def test_a_long_list_in_an_earlier_injection_is_not_read(built_in: Gateway, name: str) -> None:
    """Reading it would take an API server the square of its length. The Pod stays as it is, and is denied for the list."""
    entries = "a," * 20_000
    if name.startswith("STS_"):
        sidecar = {**RUN, "env": [{"name": "STS_ENDPOINTS", "value": "vault"}, {"name": name, "value": entries}]}
        if name == "STS_ENDPOINTS":
            sidecar["env"] = [{"name": name, "value": entries}]
        given = pod({"vault-role": "web", "injected": "vault"}, "vault-role", initContainers=[sidecar])
    else:
        attributes = {"endpoints": "vault", name: entries}
        volume = {"name": "sts-tokens", "csi": {"driver": "sts-node.tremolo.io", "volumeAttributes": attributes}}
        given = pod({"vault-role": "web", "injected": "vault"}, "vault-role", volumes=[volume])
    assert built_in.mutating.mutated(given, "shop") == given
    assert TOO_LONG in built_in.denying.failures(given, "shop")[0]


@pytest.mark.parametrize("name, maximum", [("endpoints", 1_024), ("lifetimes", 2_048), ("files", 65_536)])
def test_the_attributes_of_the_node_drivers_volume_are_bounded(built_in: Gateway, name: str, maximum: int) -> None:
    for length in [maximum, maximum + 1]:
        attributes = {"endpoints": "vault", name: "é" * (length // 2) + "a" * (length % 2)}
        volume = {"name": "sts-tokens", "csi": {"driver": "sts-node.tremolo.io", "volumeAttributes": attributes}}
        given = pod({"vault-role": "web", "injected": "vault"}, "vault-role", volumes=[volume])
        failures = built_in.denying.failures(given, "shop")
        assert any(TOO_LONG in one for one in failures) == (length > maximum), failures
