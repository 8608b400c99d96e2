"""Hands over keys to a stand-in that verifies tokens with the handed-over keys only, by a token of a second endpoint."""

import threading
from typing import Any

import anthropic.lib.credentials as credentials
import child_process
import pytest
from built_programs import REPOSITORY
from token_load import TokenLoad
from waiting import until

from .api import ORGANIZATION, PUBLISHER, READER, WORKLOADS
from .gateway import Gateway


def serving(gateway: Gateway) -> Gateway:
    """Serves without an administrator's token, until the relying party holds a standby key."""
    gateway.serve(with_credentials=False)
    until(lambda: gateway.states() == ["active", "published standby"], "the standby key")
    return gateway


def test_a_cluster_without_a_public_issuer_federates_with_the_vendor_s_sdk(gateway: Gateway) -> None:
    serving(gateway)
    assert len(gateway.api.held) == 2
    token = gateway.token()
    source = credentials.WorkloadIdentityCredentials(
        identity_token_provider=lambda: token, federation_rule_id=READER, organization_id=ORGANIZATION,
    )  # fmt: skip
    source.bind_base_url(gateway.api.url)
    for _ in range(2):  # without jti a token is not used up
        assert source().token
    assert gateway.log_in(token[:-4] + "AAAA") == 401
    assert gateway.metric("sts_published_matches", endpoint="one") == 1


def test_an_unchanged_set_is_not_sent_again(gateway: Gateway) -> None:
    serving(gateway)
    writes, reads = len(gateway.api.writes), gateway.api.reads
    until(lambda: gateway.api.reads >= reads + 3, "three readings")
    assert len(gateway.api.writes) == writes


def test_rotation_under_load_without_a_failed_verification(gateway: Gateway) -> None:
    serving(gateway)
    with TokenLoad(gateway.token, gateway.accept) as load:
        assert gateway.command("keys", "rotate", "--endpoint", "one").returncode == 0
        until(lambda: len(load.kids) == 2, "the second key signs")
        until(lambda: "published standby" in gateway.states(), "the next standby key")


@pytest.mark.parametrize("fault", ["fails", "is accepted but wrong"])
def test_an_upload_that_does_not_work_never_lets_a_new_key_sign(gateway: Gateway, fault: str) -> None:
    first = gateway.api.issuers[WORKLOADS]["jwks"]
    attempts = []

    def change(method: str, path: str, body: dict[str, Any]) -> dict[str, Any] | int | None:
        if method != "POST" or not path.endswith(WORKLOADS):
            return None
        attempts.append(path)
        return 503 if fault == "fails" else {**body, "jwks": first}

    gateway.api.change = change
    gateway.serve(with_credentials=False)
    until(lambda: len(attempts) >= 3, "three attempts")
    assert gateway.states() == ["active", "prepared standby"]
    assert gateway.command("keys", "rotate", "--endpoint", "one").returncode == 0
    until(lambda: len(attempts) >= 5, "more attempts")
    assert gateway.states() == ["active", "prepared"]
    assert gateway.log_in(gateway.token()) == 200
    gateway.api.change = lambda method, path, body: None
    until(lambda: "retiring" in gateway.states(), "the new key signs after the upload works")
    assert gateway.log_in(gateway.token()) == 200


def test_an_upload_that_is_slow_delays_the_new_key(gateway: Gateway) -> None:
    may_answer = threading.Event()
    begun = threading.Event()

    def change(method: str, path: str, body: dict[str, Any]) -> dict[str, Any] | int | None:
        if method == "POST" and path.endswith(WORKLOADS):
            begun.set()
            may_answer.wait(60)
        return None

    gateway.api.change = change
    gateway.serve(with_credentials=False)
    until(begun.is_set, "the upload begins")
    assert gateway.states() == ["active", "prepared standby"]
    may_answer.set()
    until(lambda: gateway.states() == ["active", "published standby"], "the standby key")


def test_a_revocation_is_finished_by_the_next_leader(gateway: Gateway) -> None:
    serving(gateway)
    revoked = gateway.token()
    gateway.kill()
    # The issuer of the second endpoint is not served, so the command has no token.
    ended = gateway.command("keys", "revoke", "--endpoint", "one", "--active", "--force", with_credentials=False)
    assert ended.returncode == 69 and "not published yet" in ended.stdout, ended.stdout + ended.stderr
    assert gateway.log_in(revoked) == 200, "the relying party does not know of the revocation yet"
    gateway.serve(with_credentials=False)
    until(lambda: gateway.log_in(revoked) == 401, "the next leader removes the revoked key")
    assert gateway.log_in(gateway.token()) == 200


def test_keys_of_somebody_else_are_not_replaced(gateway: Gateway) -> None:
    foreign = {"type": "discovery"}
    gateway.api.issuers[WORKLOADS]["jwks"] = foreign
    ended = gateway.provision()
    assert ended.returncode == 69 and "publish --take-over" in ended.stdout + ended.stderr
    assert gateway.api.issuers[WORKLOADS]["jwks"] == foreign
    assert gateway.provision("--take-over").returncode == 0
    assert gateway.api.issuers[WORKLOADS]["jwks"]["type"] == "inline"


def test_one_issuer_for_both_is_an_error_of_the_configuration(gateway: Gateway) -> None:
    for change in [{"adminEndpoint": "one"}, {"adminEndpoint": "absent"}]:
        gateway.add(**change)
        file = gateway.write()
        plugins = ["--plugins", str(REPOSITORY / "plugins.json")]
        ended = child_process.run([gateway.program, "config", "check", str(file), *plugins], cwd=gateway.folder)
        assert ended.returncode == 1, ended.stdout
        assert "sts.endpoints[0].publish" in ended.stdout + ended.stderr
    gateway.add()


def test_a_rule_without_the_scope_is_named(gateway: Gateway) -> None:
    gateway.api.rules[PUBLISHER]["scope"] = "workspace:developer"
    gateway.serve(with_credentials=False)
    until(lambda: "the rule needs the scope org:admin" in gateway.readiness()[1], "the reason")
