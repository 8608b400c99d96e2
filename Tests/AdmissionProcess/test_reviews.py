"""The webhook over HTTPS with complete reviews, as an API server calls it, and patches applied by jsonpatch."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import jsonpatch
import pytest

from .gateway_process import PODS, Gateway, patch, review

ADMITTED = sorted(file.stem for file in PODS.glob("*.json"))
REASONS = dict(line.split(": ", 1) for line in (PODS / "denied/reasons.txt").read_text().splitlines())
OF_THE_EXAMPLE_PLUGIN = {"annotation-with-newlines"}
"""Pods that a plugin denies; another plugin has another text."""


def pod_of(name: str) -> dict[str, Any]:
    return json.loads((PODS / f"{name}.json").read_text())


def without_the_example_plugins(pod: Any) -> Any:
    """The Pod without the variable that only the plugin of the fixtures adds."""
    for container in (pod["spec"].get("initContainers") or []) + pod["spec"]["containers"]:
        if isinstance(container.get("env"), list):
            container["env"] = [v for v in container["env"] if v.get("name") != "EXAMPLE_WORKLOAD"]
            if not container["env"]:
                del container["env"]
    annotations = pod["metadata"].get("annotations") or {}
    if recorded := annotations.pop("tremolo.io/injected-variables", None):
        groups = dict(group.split(":")[::-1] for group in recorded.split(";"))
        of_others = {
            ",".join(v for v in names.split(",") if v != "EXAMPLE_WORKLOAD"): containers
            for names, containers in groups.items()
        }
        annotations["recorded"] = {names: containers for names, containers in of_others.items() if names}
    return pod


def inject(gateway: Gateway, pod: Any, endpoint: str) -> Any:
    """The Pod after the endpoint's webhook, which the API server calls for Pods with its label only."""
    if {"one": "tremolo.io/example-role", "two": "tremolo.io/two-role"}[endpoint] not in pod["metadata"].get("labels", {}):
        return pod
    return jsonpatch.apply_patch(pod, patch(gateway.review(pod, endpoint)))


@pytest.mark.parametrize("name", ADMITTED)
def test_a_pod_is_injected_as_expected_and_a_second_review_adds_nothing(gateway: Gateway, name: str) -> None:
    pod = pod_of(name)
    ends = []
    for first, second in [("one", "two"), ("two", "one")]:
        made = inject(gateway, pod, first)
        twice = inject(gateway, made, second)
        assert made in (twice, pod)
        ends.append(twice)
    assert ends[0] == ends[1], "the order of the webhooks does not matter"
    assert without_the_example_plugins(ends[0]) == without_the_example_plugins(pod_of(f"patched/{name}"))


@pytest.mark.parametrize("name", sorted(REASONS.keys() - OF_THE_EXAMPLE_PLUGIN))
def test_a_pod_that_cannot_be_injected_is_denied_with_the_reason(gateway: Gateway, name: str) -> None:
    response = gateway.review(pod_of(f"denied/{name}"))
    assert response["allowed"] is False and "patch" not in response
    code = {400: "STS1201", 403: "STS1202"}[response["status"]["code"]]
    assert response["status"]["message"] == f"{REASONS[name]} ({code})"


def test_the_response_has_the_version_of_the_review(gateway: Gateway) -> None:
    for version in ["v1", "v1beta1"]:
        status, _, body = gateway.post(review(pod_of("plain"), version))
        assert (status, json.loads(body)["apiVersion"]) == (200, f"admission.k8s.io/{version}")


@pytest.mark.parametrize(
    "body",
    [
        b"", b"<html>", b"[]", b"null", b'{"kind": "Pod"}', review({}, "v2"), review({}, uid=None), b"\xff\xfe",
        b"[" * 100_000, b'{"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1", "request": {"uid": "1"}',
    ],
)  # fmt: skip
def test_an_invalid_review_is_a_bad_request(gateway: Gateway, body: bytes) -> None:
    status, headers, answer = gateway.post(body)
    assert (status, headers["Content-Type"]) == (400, "application/json")
    error = json.loads(answer)
    assert error["error"] == "invalid_request" and "; " in error["error_description"]


def test_three_mebibytes_are_accepted_and_one_byte_more_is_rejected(gateway: Gateway) -> None:
    body = review(pod_of("plain"))
    full = body + b" " * ((3 << 20) - len(body))
    assert gateway.post(full)[0] == 200
    assert gateway.post(full + b" ")[0] == 413
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (full[:1_500_000], full[1_500_000:], b" "))
    head = b"POST /k8s/webhooks/v1/injector-one HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
    head += b"Transfer-Encoding: chunked\r\n\r\n"
    assert gateway.raw(head + chunks + b"0\r\n\r\n").startswith(b"HTTP/1.1 413 ")
    assert gateway.post(body)[0] == 200


def test_an_annotation_of_100_kib_is_denied_and_shell_characters_are_not_changed(gateway: Gateway) -> None:
    pod = pod_of("plain")
    pod["metadata"]["annotations"]["tremolo.io/example-role"] = "x" * 102_400
    assert gateway.review(pod)["allowed"] is False
    value = "$(HOME) `id`; $$(X) '\" ${Y}"
    pod["metadata"]["annotations"]["tremolo.io/example-role"] = value
    made = jsonpatch.apply_patch(pod, patch(gateway.review(pod)))
    variables = {v["name"]: v["value"] for v in made["spec"]["containers"][0]["env"]}
    assert variables["EXAMPLE_ROLE"].replace("$$", "$") == value


def test_other_methods_paths_and_listeners_are_rejected(gateway: Gateway) -> None:
    head = b"GET /k8s/webhooks/v1/injector-one HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    answer = gateway.raw(head)
    assert answer.startswith(b"HTTP/1.1 405 ") and b"allow: post" in answer.lower()
    unknown = gateway.review(pod_of("plain"), "three")
    assert unknown["status"]["code"] == 503 and "configuration not loaded yet; try again" in unknown["status"]["message"]
    assert gateway.call("POST", "/k8s/webhooks/v1/injector-one", "{}")[0] == 404, "the token listener"
    assert gateway.raw(head.replace(b"/k8s/webhooks/v1/injector-one", b"/one/certs")).startswith(b"HTTP/1.1 404 ")


def test_http_2_is_supported(gateway: Gateway) -> None:
    settings = b"\x00\x00\x00\x04\x00\x00\x00\x00\x00"
    answer = gateway.raw(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + settings, ["h2"])
    assert answer[3:4] == b"\x04", "a SETTINGS frame (RFC 9113, section 6.5)"


def test_a_forged_review_discloses_no_secret_and_changes_nothing(gateway: Gateway) -> None:
    pod = pod_of("plain")
    forged = gateway.review(pod, namespace="kube-system", userInfo={"username": "system:admin"}, dryRun=True)
    honest = gateway.review(pod, namespace="kube-system")
    assert forged == honest
    text = json.dumps(patch(forged))
    assert "PRIVATE" not in text and "eyJ" not in text
    lines = [line for line in gateway.log if line["message"] == "admission review"]
    assert lines[-1]["namespace"] == "kube-system" and lines[-1]["endpoints"] == "one"
    assert "reader" not in gateway.text, "no annotation's value is logged"


def test_the_metrics_count_the_results_of_reviews(gateway: Gateway) -> None:
    def count(result: str) -> float:
        return gateway.metric("sts_webhook_requests_total", result=result) or 0

    before = {result: count(result) for result in ["injected", "unchanged", "denied", "malformed", "warned"]}
    gateway.review(pod_of("plain"))
    gateway.review(pod_of("plain"), operation="UPDATE")
    gateway.review(pod_of("denied/no-spec"))
    gateway.review(pod_of("label-without-annotation"))
    gateway.post(b"x")
    for result, number in before.items():
        assert count(result) == number + 1, result
    assert gateway.metric("sts_webhook_duration_seconds_count", result="injected") == count("injected")


def test_concurrent_reviews_all_get_a_response(gateway: Gateway) -> None:
    body = review(pod_of("two-endpoints"))
    with ThreadPoolExecutor(24) as pool:
        answers = list(pool.map(lambda _: gateway.post(body), range(240)))
    assert {status for status, _, _ in answers} == {200}
    assert len({answer for _, _, answer in answers}) == 1
