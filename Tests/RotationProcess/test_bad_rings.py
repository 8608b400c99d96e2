"""Invalid key rings: a problem of one endpoint, and the last valid key ring stays in force.

One gateway has an endpoint for each bad ring, and two that are well. The bad rings are put in place while it runs, are
there at its next start, and are restored while it runs.
"""

import json
import re
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from joserfc import jwk
from waiting import until

from .rings import Ring, read
from .stage import Gateway, Stage, active

WELL = ["well", "well-too"]
Key = dict[str, Any]


def pem(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def in_key(change: Callable[[Key], None]) -> Callable[[Ring], bytes]:
    """A change of the ring's only key."""

    def changed(ring: Ring) -> bytes:
        change(ring["keys"][0])
        return json.dumps(ring).encode()

    return changed


def put_key(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey, algorithm: str) -> Callable[[Ring], bytes]:
    """The key with its own kid, so that nothing else is wrong with it."""
    text = pem(key)
    kind = jwk.RSAKey if isinstance(key, rsa.RSAPrivateKey) else jwk.ECKey
    with warnings.catch_warnings(action="ignore"):
        kid = kind.import_key(text).thumbprint()
    return in_key(lambda there: there.update(kid=kid, algorithm=algorithm, privateKey=text))


def put_misread_curve(ring: Ring) -> bytes:
    """A key of another curve, with the kid that it would have as a P-256 key."""
    key = ec.generate_private_key(ec.SECP256K1())
    misread = ec.derive_private_key(key.private_numbers().private_value, ec.SECP256R1())
    kid = jwk.ECKey.import_key(pem(misread)).thumbprint()
    return in_key(lambda there: there.update(kid=kid, privateKey=pem(key)))(ring)


def cut(text: str) -> str:
    return text[: len(text) // 2]


@dataclass(frozen=True)
class Case:
    """The invalid content, and a part of the expected error."""

    make: Callable[[Ring], bytes] | None
    word: str
    place: Callable[[Gateway, str], None] | None = None
    restore: Callable[[Gateway, str], None] | None = None


def make_folder(gateway: Gateway, endpoint: str) -> None:
    gateway.ring_file(endpoint).rename(gateway.keys / f"{endpoint}.aside")
    gateway.ring_file(endpoint).mkdir()


def take_folder_away(gateway: Gateway, endpoint: str) -> None:
    gateway.ring_file(endpoint).rename(gateway.keys / f"{endpoint}.folder")
    (gateway.keys / f"{endpoint}.aside").rename(gateway.ring_file(endpoint))


def forbid(gateway: Gateway, endpoint: str) -> None:
    gateway.ring_file(endpoint).chmod(0)


def permit(gateway: Gateway, endpoint: str) -> None:
    gateway.ring_file(endpoint).chmod(0o600)


def put_unreadable(gateway: Gateway, endpoint: str) -> None:
    """The same ring as a new file that the gateway may not read."""
    new = gateway.keys / f"{endpoint}.by-hand"
    new.write_bytes(gateway.ring_file(endpoint).read_bytes())
    new.chmod(0)
    new.rename(gateway.ring_file(endpoint))


CASES = {
    "garbage": Case(lambda ring: b"\x00\xff\xfe{garbage", "JSON"),
    "an empty file": Case(lambda ring: b"", "JSON"),
    "half a file": Case(lambda ring: cut(json.dumps(ring)).encode(), "JSON"),
    "a truncated PEM": Case(in_key(lambda key: key.update(privateKey=cut(key["privateKey"]))), "privateKey"),
    "a key with another kid": Case(
        in_key(lambda key: key.update(privateKey=pem(ec.generate_private_key(ec.SECP256R1())))), "kid"
    ),
    "RSA of 1024 bits": Case(put_key(rsa.generate_private_key(65537, 1024), "RS256"), "privateKey"),
    "an unknown curve": Case(put_key(ec.generate_private_key(ec.SECP256K1()), "ES256"), "privateKey"),
    "an unknown curve with its own kid": Case(put_misread_curve, "privateKey"),
    "a curve of another algorithm": Case(put_key(ec.generate_private_key(ec.SECP384R1()), "ES256"), "privateKey"),
    "an unknown algorithm": Case(in_key(lambda key: key.update(algorithm="none")), "member"),
    "a newer version": Case(lambda ring: json.dumps({**ring, "version": 3}).encode(), "version 3"),
    "another endpoint's ring": Case(lambda ring: json.dumps({**ring, "endpoint": "well"}).encode(), "well"),
    "no key": Case(lambda ring: json.dumps({**ring, "keys": []}).encode(), "no key"),
    "two active keys": Case(lambda ring: json.dumps({**ring, "keys": ring["keys"] * 2}).encode(), "active"),
    "five megabytes": Case(lambda ring: b" " * (5 << 20), "larger"),
    "a folder": Case(None, "not a regular file", make_folder, take_folder_away),
    "an unrelated file": Case(None, "denied", put_unreadable, permit),
    "a missing permission": Case(None, "denied", forbid, permit),
}  # fmt: skip


def endpoint_of(name: str) -> str:
    return re.sub("[^a-z0-9]+", "-", name.lower()).strip("-")


@dataclass
class Seen:
    """The observed state of an endpoint."""

    status: int
    retry_after: str | None
    readiness: str
    logged: list[str]
    kept: bytes


@dataclass
class Trial:
    gateway: Gateway
    bad: dict[str, bytes] = field(default_factory=dict)
    running: dict[str, Seen] = field(default_factory=dict)
    started: dict[str, Seen] = field(default_factory=dict)
    restored: dict[str, Seen] = field(default_factory=dict)
    kids: dict[str, tuple[str, str]] = field(default_factory=dict)
    """The kid of the active key, before and after."""

    def look(self, endpoint: str, begin: int = 0) -> Seen:
        """At its answers, and at what the log says of it from that line on."""
        status, headers, _ = self.gateway.answer(path=f"/{endpoint}/token")
        logged = [
            f"{line['message']}: {line.get('reason', '')}" for line in self.gateway.log[begin:]
            if line.get("endpoint") == endpoint and line["level"] == "error"
        ]  # fmt: skip
        return Seen(
            status, headers["Retry-After"], self.gateway.problem(endpoint), logged, read(self.gateway.ring_file(endpoint))
        )

    def look_at_all(self, begin: int = 0) -> dict[str, Seen]:
        return {name: self.look(endpoint_of(name), begin) for name in [*CASES, *WELL]}


@pytest.fixture(scope="module")
def trial(stage: Stage) -> Iterator[Trial]:
    """Writes all invalid key rings, restarts, and restores them."""
    gateway = stage.gateway()
    for name in [*CASES, *WELL]:
        gateway.add(endpoint_of(name))
    gateway.serve().settle()
    made = Trial(gateway)
    good = {name: gateway.ring_file(endpoint_of(name)).read_bytes() for name in CASES}
    before = {name: active(gateway, endpoint_of(name)) for name in CASES}
    for name, case in CASES.items():
        endpoint = endpoint_of(name)
        # With the lock, so that no write of the gateway that has begun replaces it.
        with gateway.locked(endpoint):
            if case.place:
                case.place(gateway, endpoint)
            elif case.make:
                made.bad[name] = case.make(json.loads(good[name]))
                gateway.put(made.bad[name], endpoint)
    until(lambda: all(gateway.problem(endpoint_of(name)) for name in CASES), "a problem of each")
    made.running = made.look_at_all()
    gateway.stop()
    begin = len(gateway.log)
    gateway.serve()
    until(lambda: all(gateway.problem(endpoint_of(name)) for name in CASES), "a problem of each after the start")
    made.started = made.look_at_all(begin)
    for name, case in CASES.items():
        if case.restore:
            case.restore(gateway, endpoint_of(name))
        else:
            gateway.put(good[name], endpoint_of(name))
    until(lambda: not any(gateway.problem(endpoint_of(name)) for name in CASES), "the end of all problems")
    made.restored = made.look_at_all()
    made.kids = {name: (before[name], active(gateway, endpoint_of(name))) for name in CASES}
    yield made


@pytest.mark.parametrize("name", CASES)
def test_an_invalid_ring_at_run_time_leaves_the_last_valid_one_in_force(
    name: str, trial: Trial
) -> None:
    seen = trial.running[name]
    assert seen.status == 200
    assert CASES[name].word in seen.readiness and "last valid" in seen.readiness


@pytest.mark.parametrize("name", CASES)
def test_an_invalid_ring_is_logged_once_and_without_any_part_of_a_key(name: str, trial: Trial) -> None:
    logged = trial.running[name].logged
    assert len(logged) == 1 and CASES[name].word in logged[0], logged
    assert len(logged[0]) < 600 and not logged[0].endswith(".")


@pytest.mark.parametrize("name", CASES)
def test_with_an_invalid_ring_at_the_start_the_endpoint_responds_with_503(name: str, trial: Trial) -> None:
    seen = trial.started[name]
    assert seen.status == 503 and int(seen.retry_after or 0) >= 1
    assert CASES[name].word in seen.readiness
    assert any(CASES[name].word in line for line in seen.logged), seen.logged


@pytest.mark.parametrize("name", CASES)
def test_with_an_invalid_ring_at_the_start_nothing_is_logged_twice(name: str, trial: Trial) -> None:
    logged = trial.started[name].logged
    assert len(logged) == len(set(logged)) >= 1, logged


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.make])
def test_an_invalid_ring_is_never_overwritten(name: str, trial: Trial) -> None:
    assert trial.running[name].kept == trial.started[name].kept == trial.bad[name]


@pytest.mark.parametrize("name", CASES)
def test_a_restored_ring_signs_with_the_same_key(name: str, trial: Trial) -> None:
    before, after = trial.kids[name]
    assert before == after
    assert (trial.restored[name].status, trial.restored[name].readiness) == (200, "")


@pytest.mark.parametrize("name", WELL)
def test_other_endpoints_issue_tokens_and_have_no_problem(name: str, trial: Trial) -> None:
    for seen in [trial.running[name], trial.started[name]]:
        assert (seen.status, seen.readiness, seen.logged) == (200, "", [])
