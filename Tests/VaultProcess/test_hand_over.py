"""Hands over keys to a real server, which verifies tokens with the handed-over keys only. There is no public issuer."""

import json
import threading
from pathlib import Path

import hvac
import pytest
from token_load import TokenLoad
from waiting import DEADLINE, until

from .gateway import AUDIENCE, ISSUER, Gateway


def serving(gateway: Gateway) -> Gateway:
    """Serves without the administrator's token, until the relying party holds a standby key."""
    gateway.serve(with_credentials=False)
    until(lambda: gateway.states() == ["active", "published standby"], "the standby key")
    return gateway


def test_a_cluster_without_a_public_issuer_federates(gateway: Gateway) -> None:
    serving(gateway)
    config = gateway.server.client.auth.jwt.read_config(path=gateway.mount)["data"]
    assert config["bound_issuer"] == f"https://{ISSUER}"
    assert len(gateway.held()) == 2
    assert gateway.log_in(gateway.token())
    with pytest.raises(hvac.exceptions.InvalidRequest):
        gateway.log_in(gateway.token()[:-4] + "AAAA")
    assert gateway.metric("sts_published_matches", endpoint="one") == 1


def test_provisioning_plans_repairs_and_changes_nothing_twice(gateway: Gateway) -> None:
    client, role = gateway.server.client, f"auth/{gateway.mount}/role/sts-gateway-publisher"
    writes = []
    gateway.proxy.change = lambda method, path, body: writes.append(path) if method != "GET" else None
    assert gateway.provision("--yes").returncode == 0
    assert writes == []
    client.write_data(role, data={**client.read(role)["data"], "bound_subject": "somebody"})
    ended = gateway.provision("--plan")
    assert '- bound_subject: "somebody"' in ended.stdout, ended.stdout + ended.stderr
    assert writes == []
    assert gateway.provision("--yes").returncode == 0
    assert client.read(role)["data"]["bound_subject"] == "sts-gateway:publisher:trial:one"
    assert [path for path in writes if "role" not in path] == []


def test_an_unchanged_set_is_not_sent_again(gateway: Gateway) -> None:
    serving(gateway)
    before = len(gateway.proxy.writes)
    reads = []
    gateway.proxy.change = lambda method, path, body: reads.append(path) if method == "GET" else None
    until(lambda: len(reads) >= 3, "three readings")
    assert len(gateway.proxy.writes) == before


def test_rotation_under_load_without_a_failed_verification(gateway: Gateway) -> None:
    serving(gateway)
    old = gateway.ring()["keys"][0]["kid"]
    with TokenLoad(gateway.token, gateway.log_in) as load:
        assert gateway.command("keys", "rotate", "--endpoint", "one").returncode == 0
        until(lambda: len(load.kids) == 2, "the second key signs")
        until(lambda: "published standby" in gateway.states(), "the next standby key")
    assert old in load.kids


@pytest.mark.parametrize("fault", ["fails", "is accepted but wrong"])
def test_an_upload_that_does_not_work_never_lets_a_new_key_sign(gateway: Gateway, fault: str) -> None:
    first = gateway.held()
    attempts = []

    def change(method: str, path: str, body: bytes) -> bytes | int | None:
        if method != "POST" or not path.endswith("/config"):
            return None
        attempts.append(path)
        if fault == "fails":
            return 503
        return json.dumps({**json.loads(body), "jwt_validation_pubkeys": first}).encode()

    gateway.proxy.change = change
    gateway.serve(with_credentials=False)
    until(lambda: len(attempts) >= 3, "three attempts")
    assert gateway.states() == ["active", "prepared standby"]
    # Also a rotation that an operator asks for waits.
    assert gateway.command("keys", "rotate", "--endpoint", "one").returncode == 0
    until(lambda: len(attempts) >= 5, "more attempts")
    assert gateway.states() == ["active", "prepared"]
    assert gateway.log_in(gateway.token())
    gateway.proxy.change = lambda method, path, body: None
    until(lambda: "retiring" in gateway.states(), "the new key signs after the upload works")
    assert gateway.log_in(gateway.token())


def test_an_upload_that_is_slow_never_lets_a_new_key_sign(gateway: Gateway) -> None:
    """The first upload arrives after the second: the gateway has given it up, and it stores an older key set."""
    first = gateway.held()
    uploads: list[bytes] = []
    may_pass = [threading.Event(), threading.Event()]

    def change(method: str, path: str, body: bytes) -> bytes | int | None:
        if method == "POST" and path.endswith("/config"):
            uploads.append(body)
            if len(uploads) <= len(may_pass):
                may_pass[len(uploads) - 1].wait(DEADLINE)
        return None

    gateway.proxy.change = change
    gateway.serve(with_credentials=False)
    # The second upload begins when the gateway does not wait for the first one any more.
    until(lambda: len(uploads) == 2, "two uploads")
    assert gateway.command("keys", "rotate", "--endpoint", "one").returncode == 0
    assert gateway.states() == ["active", "prepared"] and gateway.held() == first
    assert gateway.log_in(gateway.token())
    may_pass[1].set()
    until(lambda: gateway.held() != first, "the second upload")
    may_pass[0].set()
    until(lambda: "retiring" in gateway.states(), "the new key signs")
    until(lambda: "published standby" in gateway.states(), "the next standby key")
    assert gateway.log_in(gateway.token())


def test_what_was_provisioned_is_removed_unless_workloads_use_it(gateway: Gateway) -> None:
    client = gateway.server.client
    ended = gateway.command("deprovision", "vault", "--endpoint", "one", "--yes")
    assert ended.returncode == 75 and '"reader"; delete them first' in ended.stdout, ended.stdout + ended.stderr
    assert client.read(f"auth/{gateway.mount}/role/sts-gateway-publisher")
    client.delete(f"auth/{gateway.mount}/role/reader")
    ended = gateway.command("deprovision", "vault", "--endpoint", "one", "--plan")
    assert ended.returncode == 0 and f"DELETE {gateway.proxy.url}/v1/sys/auth/{gateway.mount}" in ended.stdout
    assert gateway.held()
    ended = gateway.command("deprovision", "vault", "--endpoint", "one", "--yes")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert f"{gateway.mount}/" not in client.sys.list_auth_methods()["data"]
    policies = client.sys.list_acl_policies()["data"]["keys"]
    assert f"sts-gateway-publisher-{gateway.mount}" not in policies
    # A second run, and provisioning again.
    assert gateway.command("deprovision", "vault", "--endpoint", "one", "--yes").returncode == 0
    assert gateway.provision("--yes").returncode == 0 and gateway.held()


def test_roles_of_workloads_are_provisioned_checked_and_removed(gateway: Gateway) -> None:
    client, role = gateway.server.client, f"auth/{gateway.mount}/role/web"
    client.delete(f"auth/{gateway.mount}/role/reader")
    roles = {"web": {"serviceAccounts": ["default/web"], "policies": ["Readers"], "maxSession": "1h"}}
    gateway.endpoints["one"]["provision"] = {"roles": roles}
    ended = gateway.provision("--yes")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    writes = []
    gateway.proxy.change = lambda method, path, body: writes.append(path) if method != "GET" else None
    assert gateway.provision("--yes").returncode == 0 and writes == []
    gateway.proxy.change = lambda method, path, body: None
    stored = client.read(role)["data"]
    assert (stored["bound_claims"], stored["token_policies"]) == ({"sub": ["trial:default:web"]}, ["readers"])
    gateway.serve(with_credentials=False)
    assert gateway.log_in(gateway.token(), "web")
    # Bound to another ServiceAccount.
    roles["web"]["serviceAccounts"] = ["default/other"]
    assert gateway.provision("--yes").returncode == 0
    with pytest.raises(hvac.exceptions.InvalidRequest):
        gateway.log_in(gateway.token(), "web")
    check = ["role", "web", "--check"]
    ended = gateway.provision(*check)
    assert ended.returncode == 0 and "trial:default:other" in ended.stdout, ended.stdout + ended.stderr
    client.write_data(role, data={**client.read(role)["data"], "bound_claims": {"namespace": "default"}})
    ended = gateway.provision(*check)
    assert ended.returncode == 1 and "other workloads log in" in ended.stdout, ended.stdout + ended.stderr
    gateway.stop()
    ended = gateway.command("deprovision", "vault", "--endpoint", "one", "--yes")
    assert ended.returncode == 75 and "the role web: it was changed" in ended.stdout, ended.stdout + ended.stderr
    assert gateway.provision("--yes").returncode == 0
    ended = gateway.command("deprovision", "vault", "--endpoint", "one", "--yes")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert f"{gateway.mount}/" not in client.sys.list_auth_methods()["data"]


def test_a_mount_of_somebody_else_is_not_removed(gateway: Gateway) -> None:
    client = gateway.server.client
    client.delete(f"auth/{gateway.mount}/role/reader")
    config = client.auth.jwt.read_config(path=gateway.mount)["data"]
    client.write_data(
        f"auth/{gateway.mount}/config",
        data={"bound_issuer": "https://other.example.com", "jwt_validation_pubkeys": config["jwt_validation_pubkeys"]},
    )
    ended = gateway.command("deprovision", "vault", "--endpoint", "one", "--yes")
    assert ended.returncode == 75 and 'bound_issuer "https://other.example.com"' in ended.stdout
    assert f"{gateway.mount}/" in client.sys.list_auth_methods()["data"]


def test_a_mount_of_another_key_ring_is_neither_used_nor_removed(gateway: Gateway, tmp_path: Path) -> None:
    """Cluster and endpoint have equal names, and the issuer is the same."""
    client, held = gateway.server.client, gateway.held()
    client.delete(f"auth/{gateway.mount}/role/reader")
    other = Gateway(
        gateway.program, tmp_path, gateway.identity, gateway.pki, server=gateway.server, proxy=gateway.proxy,
        mount=gateway.mount,
    )  # fmt: skip
    other.add()
    ended = other.provision("--yes")
    assert ended.returncode == 69 and "belongs to another installation" in ended.stderr, ended.stdout + ended.stderr
    ended = other.command("deprovision", "vault", "--endpoint", "one", "--yes")
    assert ended.returncode == 75 and "belongs to another installation" in ended.stdout, ended.stdout + ended.stderr
    assert gateway.held() == held and client.read(f"auth/{gateway.mount}/role/sts-gateway-publisher")
    # The same mount, made by hand.
    client.sys.tune_auth_method(path=gateway.mount, description="Keys of a team")
    ended = gateway.command("deprovision", "vault", "--endpoint", "one", "--yes")
    assert ended.returncode == 75 and "was not created by sts-gateway provision" in ended.stdout
    assert gateway.held() == held


def test_keys_of_another_ring_are_taken_over_without_an_issuer_host(gateway: Gateway, tmp_path: Path) -> None:
    other = Gateway(
        gateway.program, tmp_path, gateway.identity, gateway.pki, server=gateway.server, proxy=gateway.proxy,
        mount=gateway.mount,
    )  # fmt: skip
    other.add().endpoints["one"].pop("issuer")
    held = gateway.held()
    ended = other.provision("--only", "keys")
    assert ended.returncode == 69 and "--take-over" in ended.stdout, ended.stdout + ended.stderr
    assert gateway.held() == held
    ended = other.provision("--only", "keys", "--take-over")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    config = gateway.server.client.auth.jwt.read_config(path=gateway.mount)["data"]
    assert config["bound_issuer"] == "https://one.trial.sts.internal" and gateway.held() != held
    assert other.provision("--only", "keys").returncode == 0


def test_the_issuer_of_an_endpoint_without_a_host_is_that_of_endpoint_and_cluster(gateway: Gateway) -> None:
    client = gateway.server.client
    gateway.endpoints["one"].pop("issuer")
    gateway.mount = gateway.endpoints["one"]["publish"]["mount"] = gateway.mount + "-private"
    ended = gateway.provision("--yes")
    assert ended.returncode == 0 and "needs these keys" not in ended.stdout, ended.stdout + ended.stderr
    assert client.auth.jwt.read_config(path=gateway.mount)["data"]["bound_issuer"] == "https://one.trial.sts.internal"
    client.write_data(
        f"auth/{gateway.mount}/role/reader",
        data={"role_type": "jwt", "user_claim": "sub", "bound_audiences": [AUDIENCE], "token_policies": ["default"]},
    )
    serving(gateway)
    assert gateway.log_in(gateway.token())


def test_a_revocation_activates_the_standby_key_at_once(gateway: Gateway) -> None:
    serving(gateway)
    revoked = gateway.token()
    gateway.kill()
    # By a command, while no gateway runs; then its leader is a new process.
    ended = gateway.command("keys", "revoke", "--endpoint", "one", "--active", with_credentials=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    with pytest.raises(hvac.exceptions.InvalidRequest):
        gateway.log_in(revoked)
    gateway.serve(with_credentials=False)
    assert gateway.log_in(gateway.token())
    until(lambda: gateway.states() == ["active", "published standby"], "another standby key")


def test_a_revocation_is_finished_by_the_next_leader(gateway: Gateway) -> None:
    serving(gateway)
    revoked = gateway.token()
    # The leader and the command cannot write.
    gateway.proxy.change = lambda method, path, body: 503 if method == "POST" and path.endswith("/config") else None
    ended = gateway.command("keys", "revoke", "--endpoint", "one", "--active", with_credentials=False)
    assert ended.returncode == 69
    gateway.kill()
    assert gateway.log_in(revoked), "the relying party does not know of the revocation yet"
    gateway.proxy.change = lambda method, path, body: None
    gateway.serve(with_credentials=False)

    def is_refused() -> bool:
        try:
            gateway.log_in(revoked)
        except hvac.exceptions.InvalidRequest:
            return True
        return False

    until(is_refused, "the next leader removes the revoked key")
    assert gateway.log_in(gateway.token())


def test_without_a_standby_key_the_command_for_an_administrator_is_printed(gateway: Gateway) -> None:
    gateway.proxy.change = lambda method, path, body: 503 if method == "POST" and path.endswith("/config") else None
    ended = gateway.command("keys", "revoke", "--endpoint", "one", "--active", with_credentials=False)
    assert ended.returncode == 69
    assert "sts-gateway provision vault --endpoint one --only keys" in ended.stdout
    gateway.proxy.change = lambda method, path, body: None
    assert gateway.provision("--only", "keys").returncode == 0
    gateway.serve(with_credentials=False)
    until(lambda: gateway.states()[0] == "active", "the successor signs")
    assert gateway.log_in(gateway.token())


def test_two_clusters_with_one_mount(gateway: Gateway, tmp_path: Path) -> None:
    serving(gateway)
    held = gateway.held()
    other = Gateway(
        gateway.program, tmp_path, gateway.identity, gateway.pki, server=gateway.server, proxy=gateway.proxy,
        mount=gateway.mount,
    )  # fmt: skip
    other.add()
    ended = other.command("publish", "--endpoint", "one", with_credentials=True)
    assert ended.returncode == 69 and gateway.held() == held
    ended = other.provision("--only", "keys")
    assert ended.returncode == 69 and "publish --take-over" in ended.stdout + ended.stderr
    assert gateway.held() == held
    assert gateway.log_in(gateway.token())
    ended = other.provision("--only", "keys", "--take-over")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert gateway.held() != held
