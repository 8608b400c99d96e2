"""The first token of a Pod fails with a reason; later failures leave the token in place; files are whole or absent."""

import json
import os
import random
import shutil
import subprocess
import threading

import child_process
import fault_gateway as fault
import grpc
import pytest
from fault_gateway import FaultGateway
from node_program import Node, Volume, mount_refusal, subject
from waiting import until

REASON = "the policy of this endpoint refuses the subject"
DENIED = fault.status(
    400, "X-Request-Id: 5be1a2c07d94f360",
    body=b'{"error":"invalid_request","error_description":"the policy of this endpoint refuses the subject","code":"STS1110"}',
)  # fmt: skip


def test_a_denied_pod_sees_the_reason_and_leaves_nothing_on_the_node(node: Node, gateway: FaultGateway) -> None:
    gateway.always = DENIED
    node.start(gateway.url)
    volume = node.volume()
    code, message = node.refusal(node.request(volume))
    assert code == grpc.StatusCode.UNAVAILABLE
    answer = f"the gateway responded with 400: invalid_request: {REASON} (STS1110)"
    assert message == f"endpoint one: {answer}; audit id 5be1a2c07d94f360 (STS1607)"
    assert not volume.target.exists()
    # The kubelet makes an Event of each new text, so it stays for later attempts, whose ids the log has.
    gateway.always = fault.status(
        400, "X-Request-Id: ffff000011112222",
        body=b'{"error":"invalid_request","error_description":"the policy of this endpoint refuses the subject","code":"STS1110"}',
    )  # fmt: skip

    def logged() -> bool:
        assert node.refusal(node.request(volume))[1] == message
        return node.lines("token not refreshed")[-1]["auditID"] == "ffff000011112222"

    until(logged, "a later attempt")
    node.unpublish(volume)
    assert node.lines("token not refreshed")[0]["tokenValid"] is False


@pytest.mark.parametrize("header", ["X-Request-Id: a b", "X-Request-Id: " + "a" * 65, "X-Request-Id: a\";", "A: b"])
def test_an_audit_id_of_other_characters_is_not_shown(node: Node, gateway: FaultGateway, header: str) -> None:
    gateway.always = fault.status(400, header)
    node.start(gateway.url)
    assert node.refusal(node.request(node.volume()))[1] == "endpoint one: the gateway responded with 400 (STS1607)"


def test_one_denied_endpoint_of_two_fails_the_call_and_keeps_the_other_token(
    node: Node, gateway: FaultGateway
) -> None:
    gateway.faults = [fault.close_after_answer, DENIED]
    node.start(gateway.url)
    volume = node.volume()
    request = node.request(volume, endpoints="one,two")
    code, message = node.refusal(request)
    assert code == grpc.StatusCode.UNAVAILABLE and message.startswith("endpoint two: ")
    assert volume.token("one") and not volume.token("two")

    def complete() -> bool:
        try:
            node.publish(volume, endpoints="one,two")
        except grpc.RpcError:
            return False
        return True

    until(complete, "both tokens")
    assert [path for _, path, _ in gateway.token_calls].count("/one/token") == 1


def test_the_old_token_stays_while_the_gateway_is_away(node: Node, gateway: FaultGateway) -> None:
    gateway.ttl = 600
    gateway.faults = [fault.text(json.dumps({"access_token": fault.token(3), "expires_in": 3}).encode())]
    node.start(gateway.url)
    volume = node.volume()
    node.publish(volume)
    old = volume.token()
    gateway.refuse()

    def failed() -> bool:
        node.publish(volume)
        return bool(node.lines("token not refreshed"))

    until(failed, "a failed refresh with a valid token")
    assert volume.token() == old and node.lines("token not refreshed")[0]["tokenValid"] is True
    gateway.listen_again()

    def refreshed() -> bool:
        try:
            node.publish(volume)
        except grpc.RpcError as error:
            assert error.code() == grpc.StatusCode.UNAVAILABLE
        return volume.token() != old

    until(refreshed, "a token after the outage")


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_honored(node: Node, gateway: FaultGateway, status: int) -> None:
    gateway.always = fault.status(status, "Retry-After: 500")
    node.start(gateway.url)
    volume = node.volume()
    for _ in range(5):
        assert str(status) in node.refusal(node.request(volume))[1]
    assert len(gateway.token_calls) == 1


def test_the_first_ca_bundle_may_come_later_and_a_learned_one_survives(node: Node, gateway: FaultGateway) -> None:
    bundle = node.folder / "pki/ca.pem"
    late = node.folder / "late.pem"
    node.start(gateway.url, STS_CA_FILE=str(late))
    volume = node.volume()
    code, message = node.refusal(node.request(volume))
    assert code == grpc.StatusCode.UNAVAILABLE and "does not exist yet" in message
    shutil.copy(bundle, late)
    gateway.bundle = bundle.read_bytes()

    def published() -> bool:
        try:
            node.publish(volume)
        except grpc.RpcError:
            return False
        return True

    until(published, "a token with the late bundle")
    until(lambda: node.lines("CA bundle updated"), "the learned bundle")
    node.kill()
    late.unlink()
    node.start(gateway.url, STS_CA_FILE=str(late))
    other = node.volume()
    node.publish(other)
    assert other.token()


def test_paths_come_from_the_settings_file_only(node: Node, gateway: FaultGateway) -> None:
    settings = node.folder / "endpoints.json"
    settings.write_text(json.dumps({"one": {"path": "/accounts/prod"}}))
    node.start(gateway.url, STS_ENDPOINTS_FILE=str(settings))
    node.publish(node.volume(), endpoints="one,two")
    assert [path for _, path, _ in gateway.token_calls] == ["/accounts/prod/token", "/two/token"]


def test_a_full_disk_fails_the_call_and_leaves_whole_files(node: Node, gateway: FaultGateway) -> None:
    if node.storage != "files":
        pytest.skip("a tmpfs of the driver's own is large enough for what it writes")
    if reason := mount_refusal(node.folder):
        pytest.skip(f"a small tmpfs cannot be mounted here: {reason}")
    pods = node.kubelet / "pods"
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "small", str(pods)], check=True)
    node.start(gateway.url)
    volume = node.volume()
    gateway.ttl = 600
    node.publish(volume)
    old = volume.token()
    filler = pods / "filler"
    descriptor = os.open(filler, os.O_WRONLY | os.O_CREAT)
    with pytest.raises(OSError, match="No space left"):
        while True:
            os.write(descriptor, b"x" * 4096)
    os.close(descriptor)
    full = node.request(volume, endpoints="one,two")
    code, message = node.refusal(full)
    assert code == grpc.StatusCode.UNAVAILABLE and "No space left on device" in message
    assert volume.token() == old and not volume.token("two")
    filler.unlink()

    def published() -> bool:
        try:
            node.call("NodePublishVolume", full)
        except grpc.RpcError:
            return False
        return True

    until(published, "a token after space was freed")
    assert volume.token("two")


def test_files_are_whole_or_absent_after_kills_at_any_time(node: Node, gateway: FaultGateway) -> None:
    gateway.ttl = 1
    volume = node.volume()
    torn: list[str] = []
    reading = threading.Event()

    def read() -> None:
        while not reading.is_set():
            text = volume.token()
            if text and (text not in gateway.issued):
                torn.append(text)

    reader = threading.Thread(target=read)
    reader.start()
    generator = random.Random(24)
    try:
        for _ in range(15):
            node.start(gateway.url)
            calls = threading.Thread(target=lambda: [publish_quietly(node, volume) for _ in range(40)])
            calls.start()
            threading.Event().wait(generator.uniform(0, 0.3))
            node.kill()
            calls.join()
    finally:
        reading.set()
        reader.join()
    assert torn == []
    node.start(gateway.url)
    node.publish(volume)
    node.unpublish(volume)
    assert not volume.target.exists()


def publish_quietly(node: Node, volume: Volume) -> None:
    try:
        node.publish(volume, subject())
    except grpc.RpcError:
        pass


def test_two_drivers_of_an_update_share_a_volume(node: Node, gateway: FaultGateway) -> None:
    node.start(gateway.url)
    old = node.process
    volume = node.volume()
    node.publish(volume)
    first = volume.token()
    node.start(gateway.url)
    node.publish(volume)
    assert volume.token() == first and len(gateway.token_calls) == 1
    assert child_process.end(old) == 0
    # The socket is that of the new process, which the old one has not removed.
    node.publish(volume)
    node.unpublish(volume)
    assert not volume.target.exists()
