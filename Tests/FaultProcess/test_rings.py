"""Something happens to the key ring in its Secret."""

import base64
import copy
import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from waiting import until

from .conftest import LONG, Record, last
from .outage import NAMESPACE, RING, Outage

Secret = dict[str, Any]


def truncated(ring: Secret) -> None:
    content = base64.b64decode(ring["data"]["keyring.json"])
    ring["data"]["keyring.json"] = base64.b64encode(content[: len(content) // 2]).decode()


def emptied(ring: Secret) -> None:
    ring["data"] = {}


def of_another_endpoint(ring: Secret) -> None:
    content = json.loads(base64.b64decode(ring["data"]["keyring.json"]))
    content["endpoint"] = "two"
    ring["data"]["keyring.json"] = base64.b64encode(json.dumps(content).encode()).decode()


CHANGES: dict[str, Callable[[Secret], None]] = {
    "the ring's Secret is truncated": truncated,
    "the ring's Secret is emptied": emptied,
    "the ring's Secret is replaced by another endpoint's": of_another_endpoint,
}


def test_deleted(outage: Outage, record: Record) -> None:
    kids = outage.kids
    outage.api.answer("DELETE", f"/api/v1/namespaces/{NAMESPACE}/secrets/{RING}", "", b"")
    until(lambda: outage.kids == kids, "the ring's return")
    record(outage.cost("the ring's Secret is deleted", time.monotonic()))


@pytest.mark.parametrize("name", [name for name in CHANGES if LONG or "truncated" in name])
def test_changed(name: str, outage: Outage, record: Record) -> None:
    """The replicas sign with what they hold until somebody puts the ring back."""
    right = copy.deepcopy(outage.api.get("secrets", RING, NAMESPACE))
    assert right
    wrong = copy.deepcopy(right)
    CHANGES[name](wrong)
    put(outage, wrong)
    last(outage)
    put(outage, right)
    record(outage.cost(name, time.monotonic()))
    until(lambda: outage.kids, "a readable ring")


def put(outage: Outage, secret: Secret) -> None:
    secret = copy.deepcopy(secret)
    secret["metadata"].pop("resourceVersion", None)
    path = f"/api/v1/namespaces/{NAMESPACE}/secrets/{RING}"
    status, _ = outage.api.answer("PUT", path, "application/json", json.dumps(secret).encode())
    assert status == 200
