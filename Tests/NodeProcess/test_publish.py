"""The driver registers itself, publishes, republishes and unpublishes as the kubelet asks for it."""

import json
import os
import ssl
import stat
import threading
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import fault_gateway as fault
import grpc
import pytest
from fault_gateway import FaultGateway
from node_program import DRIVER, Node, csi, mount_table, registration, subject
from waiting import DEADLINE, until


def test_the_kubelet_finds_and_registers_the_driver(node: Node, gateway: FaultGateway) -> None:
    node.start(gateway.url)
    socket = node.kubelet / "plugins_registry" / f"{DRIVER}-reg.sock"
    assert stat.S_IMODE(socket.stat().st_mode) == 0o600 and stat.S_IMODE(node.socket.stat().st_mode) == 0o600
    with grpc.insecure_channel(f"unix:{socket}") as channel:
        service = "/pluginregistration.Registration"
        info = channel.unary_unary(
            f"{service}/GetInfo", registration.InfoRequest.SerializeToString, registration.PluginInfo.FromString
        )(registration.InfoRequest(), timeout=DEADLINE)
        assert (info.type, info.name, info.endpoint) == ("CSIPlugin", DRIVER, str(node.socket))
        assert list(info.supported_versions) == ["1.0.0"]
        notify = channel.unary_unary(
            f"{service}/NotifyRegistrationStatus",
            registration.RegistrationStatus.SerializeToString,
            registration.RegistrationStatusResponse.FromString,
        )
        notify(registration.RegistrationStatus(plugin_registered=True), timeout=DEADLINE)
        assert node.lines("driver registered")
        notify(registration.RegistrationStatus(plugin_registered=False, error="no such version"), timeout=DEADLINE)
    assert node.lines("driver not registered")[0]["error"] == "no such version"
    assert node.call("GetPluginInfo", csi.GetPluginInfoRequest()).name == DRIVER
    assert node.call("Probe", csi.ProbeRequest()).ready.value
    assert node.call("NodeGetInfo", csi.NodeGetInfoRequest()).node_id == "node-1"
    node.call("NodeGetCapabilities", csi.NodeGetCapabilitiesRequest())
    node.call("GetPluginCapabilities", csi.GetPluginCapabilitiesRequest())
    node.stop()
    assert not socket.exists() and not node.socket.exists()


@pytest.mark.parametrize("in_secrets", [True, False], ids=["secrets", "volume_context"])
def test_publish_writes_tokens_and_files_and_unpublish_removes_all(
    node: Node, gateway: FaultGateway, in_secrets: bool
) -> None:
    node.start(gateway.url)
    volume = node.volume()
    token = subject()
    files = json.dumps({"two/config.json": '{"user": "app"}'})
    node.publish(volume, token, endpoints="one,two", in_secrets=in_secrets, context={"files": files})
    assert [volume.token("one"), volume.token("two")] == gateway.issued
    assert {(path, sent) for _, path, sent in gateway.token_calls} == {("/one/token", token), ("/two/token", token)}
    assert (volume.target / "two/config.json").read_text() == '{"user": "app"}'
    assert sorted(os.listdir(volume.target / "two")) == ["config.json", "token"]
    for folder in [volume.target, volume.target / "one"]:
        assert stat.S_IMODE(folder.stat().st_mode) == 0o755
    assert stat.S_IMODE((volume.target / "one/token").stat().st_mode) == 0o644
    if node.storage == "tmpfs":
        line = next(line for line in mount_table().splitlines() if str(volume.target) in line)
        assert all(option in line for option in ["nosuid", "nodev", "noexec", "size=2048k", "nr_inodes=1024"])
    node.unpublish(volume)
    assert not volume.target.exists() and os.listdir(volume.parent) == ["vol_data.json"]
    assert str(volume.target) not in mount_table()
    node.unpublish(volume)


def test_republish_exchanges_only_what_is_due_and_with_the_current_token(node: Node, gateway: FaultGateway) -> None:
    node.start(gateway.url)
    volume = node.volume()
    node.publish(volume)
    for _ in range(20):
        node.publish(volume)
    assert len(gateway.token_calls) == 1
    short = node.volume()
    gateway.ttl = 2
    node.publish(short)
    first = short.token()
    tokens = []

    def refreshed() -> bool:
        tokens.append(subject())
        node.publish(short, tokens[-1])
        return short.token() != first

    until(refreshed, "a refreshed token")
    assert gateway.token_calls[-1][2] == tokens[-1]
    assert len(gateway.token_calls) == 3


def test_a_lifetime_of_the_volume_is_requested_from_the_gateway(node: Node, gateway: FaultGateway) -> None:
    node.start(gateway.url)
    node.publish(node.volume(), endpoints="one,two", context={"lifetimes": "two=600s"})
    calls = zip([path for _, path, _ in gateway.token_calls], gateway.lifetimes, strict=True)
    assert sorted(calls) == [("/one/token", None), ("/two/token", "600")]


def test_a_restart_loses_nothing_and_exchanges_nothing_that_is_not_due(node: Node, gateway: FaultGateway) -> None:
    node.start(gateway.url)
    volumes = [node.volume() for _ in range(3)]
    for volume in volumes:
        node.publish(volume)
    before = [volume.token() for volume in volumes]
    node.kill()
    assert [volume.token() for volume in volumes] == before
    node.start(gateway.url)
    for volume in volumes:
        node.publish(volume)
    assert [volume.token() for volume in volumes] == before and len(gateway.token_calls) == 3
    for volume in volumes:
        node.unpublish(volume)
    assert not any(volume.target.exists() for volume in volumes)


def test_a_volume_whose_files_vanished_is_written_again(node: Node, gateway: FaultGateway) -> None:
    node.start(gateway.url)
    volume = node.volume()
    node.publish(volume)
    node.unpublish(volume)
    node.publish(volume)
    assert volume.token() == gateway.issued[-1] and len(gateway.issued) == 2


def test_unpublish_of_an_unknown_volume_succeeds(node: Node, gateway: FaultGateway) -> None:
    node.start(gateway.url)
    volume = node.volume()
    node.unpublish(volume)
    volume.uid = "00000000-0000-0000-0000-000000000000"
    node.unpublish(volume)


def test_concurrent_calls_are_bounded_and_one_volume_has_one_call(node: Node, gateway: FaultGateway) -> None:
    released = threading.Event()

    def held(gateway: FaultGateway, connection: ssl.SSLSocket) -> None:
        assert released.wait(DEADLINE)
        fault.close_after_answer(gateway, connection)

    gateway.always = held
    node.start(gateway.url, STS_NODE_CONCURRENCY="4")
    volumes = [node.volume() for _ in range(40)]
    with ThreadPoolExecutor(40) as threads:
        tokens = {subject(): volume for volume in volumes}
        calls = [threads.submit(node.publish, volume, token) for token, volume in tokens.items()]
        until(lambda: len(gateway.token_calls) == 4, "four exchanges")
        busy = tokens[gateway.token_calls[0][2]]
        assert node.refusal(node.request(busy))[0] == grpc.StatusCode.ABORTED
        # A volume is removed while every exchange waits.
        node.unpublish(node.volume())
        assert len(gateway.token_calls) == 4
        released.set()
        for call in calls:
            call.result()
    assert all(volume.token() for volume in volumes) and len(gateway.token_calls) == 40


def test_many_pods_that_start_at_one_instant_get_their_tokens(node: Node, gateway: FaultGateway) -> None:
    node.start(gateway.url)
    volumes = [node.volume() for _ in range(100)]
    with ThreadPoolExecutor(32) as threads:
        list(threads.map(node.publish, volumes))
    assert len({volume.token() for volume in volumes}) == 100 and all(volume.token() for volume in volumes)
    assert gateway.connections <= 100


def test_metrics_count_calls_with_closed_labels(node: Node, gateway: FaultGateway) -> None:
    node.start(gateway.url, STS_NODE_ADMIN_LISTEN="127.0.0.1:0")
    port = node.lines("metrics served")[0]["port"]
    volume = node.volume()
    node.publish(volume)
    node.publish(volume)
    node.refusal(node.request(volume, endpoints="not a name"))
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=DEADLINE) as answer:
        text = answer.read().decode()
    for line in [
        "sts_node_volumes 1",
        "sts_node_failing_volumes 0",
        'sts_node_publish_total{result="current"} 1',
        'sts_node_publish_total{result="refreshed"} 1',
        'sts_node_publish_total{result="invalid"} 1',
        'sts_node_exchange_total{result="succeeded"} 1',
    ]:
        assert line in text.splitlines()
    assert "not a name" not in text and volume.uid not in text
