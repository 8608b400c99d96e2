"""The webhook while peers do what no API server does: bodies that do not arrive, and forged reviews of 3 MiB."""

import contextlib
import json
import socket
import ssl
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from waiting import DEADLINE, until

from .gateway_process import PODS, Gateway, review

Make = Callable[..., Gateway]
LIMIT = 3 << 20
PLAIN = json.loads((PODS / "plain.json").read_text())


def begin(gateway: Gateway, length: int, sent: int) -> ssl.SSLSocket:
    """A review of which only a part is sent."""
    plain = socket.create_connection(("127.0.0.1", gateway.webhook_port), timeout=DEADLINE)
    secured = gateway.context().wrap_socket(plain, server_hostname="localhost")
    head = f"POST /k8s/webhooks/v1/injector-one HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n"
    secured.sendall(head.encode() + b" " * sent)
    return secured


def test_reviews_are_answered_beside_more_unfinished_ones_than_may_be_in_progress(make: Make) -> None:
    gateway = make().serve()
    held = [begin(gateway, 5_000, 1) for _ in range(200)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: gateway.review(PLAIN)["allowed"], range(40)))
    assert answers == [True] * 40
    for connection in held:
        connection.close()


@pytest.mark.parametrize("size", [LIMIT, 200 << 10], ids=["large", "small"])
def test_unfinished_bodies_that_fill_the_memory_give_way(make: Make, size: int) -> None:
    gateway = make().serve()
    # Three quarters of the 32 MiB are one listener's.
    held = [begin(gateway, size, size - 1) for _ in range((24 << 20) // size + 4)]

    def is_answered() -> bool:
        # The API server repeats a call that gets 503 with Retry-After.
        status, headers, _ = gateway.post(review(PLAIN))
        assert status == 200 or (status == 503 and headers["Retry-After"] == "1"), status
        return status == 200

    until(is_answered, "an answer")
    assert gateway.memory() < 200
    for connection in held:
        connection.close()


def forged(kind: str) -> bytes:
    """A review of almost 3 MiB, as its author likes."""
    pod: dict[str, Any] = json.loads(json.dumps(PLAIN))
    changes: dict[str, Any] = {}
    room = LIMIT - 4_096
    if kind == "old object":
        changes["oldObject"] = [[0]] * (room // 5)
    elif kind == "managed fields":
        pod["metadata"]["managedFields"] = [{"a": []}] * (room // 11)
    elif kind == "annotations":
        pod["metadata"]["annotations"] |= {f"a{number}": "" for number in range(room // 16)}
    elif kind == "nested":
        pod["spec"]["x"] = [[[]]] * (room // 6)
    else:
        pod["spec"]["containers"] *= room // (len(json.dumps(pod["spec"]["containers"][0])) + 2)
    body = review(pod, **changes)
    assert LIMIT * 0.8 < len(body) <= LIMIT
    return body


def test_four_forged_reviews_of_three_mebibytes_at_once_stay_below_200_mebibytes(make: Make) -> None:
    gateway = make().serve()
    for kind in ("old object", "managed fields", "annotations", "nested", "containers"):
        body = forged(kind)
        with ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(lambda _, body=body: gateway.post(body)[0], range(8)))
        # Some wait longer than they may.
        assert set(answers) <= {200, 400, 429}, (kind, answers)
        assert gateway.memory() < 200, kind
    assert gateway.review(PLAIN)["allowed"] is True


def test_a_review_that_is_not_looked_at_costs_no_memory(make: Make) -> None:
    gateway = make().serve()
    with contextlib.suppress(ConnectionError):
        assert gateway.post(forged("old object"))[0] == 200
    assert gateway.post(forged("managed fields"))[0] == 200
