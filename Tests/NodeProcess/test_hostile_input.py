"""Everything in a request but the token is hostile input to a process of root."""

import json
import os
from pathlib import Path

import grpc
import pytest
from fault_gateway import FaultGateway
from node_program import AUDIENCE, TOKENS, Node, Volume, csi

INVALID = grpc.StatusCode.INVALID_ARGUMENT


def contents(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def test_paths_that_are_not_exactly_a_volume_are_rejected(node: Node, gateway: FaultGateway) -> None:
    node.start(gateway.url)
    volume = node.volume()
    root, uid = node.kubelet, volume.uid
    before = contents(root / "pods")
    plugin = "volumes/kubernetes.io~csi"
    for target in [
        "",
        "/",
        str(node.folder / "elsewhere"),
        f"{root}/pods/{uid}/{plugin}/sts-tokens",
        f"{root}/pods/{uid}/{plugin}/sts-tokens/mount/",
        f"{root}/pods/{uid}/{plugin}/sts-tokens/mount/x",
        f"{root}/pods/{uid}/{plugin}/../mount",
        f"{root}/pods/../{plugin}/sts-tokens/mount",
        f"{root}/pods/{uid}/{plugin}/sts-tokens/../mount",
        f"{root}/pods//{plugin}/sts-tokens/mount",
        f"{root}//pods/{uid}/{plugin}/sts-tokens/mount",
        f"{root}/pods/{uid}/volumes/kubernetes.io~empty-dir/sts-tokens/mount",
        f"{root}x/pods/{uid}/{plugin}/sts-tokens/mount",
        f"{root}/pods/{uid}/{plugin}/{'a' * 64}/mount",
        f"{root}/pods/{'a' * 65}/{plugin}/sts-tokens/mount",
        f"{root}/pods/{uid}/{plugin}/Sts/mount",
        f"{root}/pods/{uid}/{plugin}/sts-tokens\n/mount",
    ]:
        request = node.request(volume)
        request.target_path = target
        assert node.refusal(request)[0] == INVALID, target
        leaving = csi.NodeUnpublishVolumeRequest(volume_id="one", target_path=target)
        assert node.refusal(leaving, "NodeUnpublishVolume")[0] == INVALID, target
    assert contents(root / "pods") == before and not gateway.token_calls


@pytest.mark.parametrize(
    "context",
    [
        {"endpoints": ""},
        {"endpoints": "../one"},
        {"endpoints": "one,one"},
        {"endpoints": "one/.."},
        {"endpoints": "One"},
        {"endpoints": "one,"},
        {"endpoints": ",".join(f"e{number}" for number in range(17))},
        {"endpoints": "a" * 64},
        {"endpoints": "one\0two"},
        {"files": "[]"},
        {"files": "{"},
        {"files": json.dumps({"one/token": "x"})},
        {"files": json.dumps({"one/../token": "x"})},
        {"files": json.dumps({"one/..": "x"})},
        {"files": json.dumps({"../x": "x"})},
        {"files": json.dumps({"two/x": "x"})},
        {"files": json.dumps({"one/.hidden": "x"})},
        {"files": json.dumps({"one/" + "a" * 65: "x"})},
        {"files": json.dumps({"one/x": 1})},
        {"files": json.dumps({"one/x": "y" * 65_536})},
        {"lifetimes": "one"},
        {"lifetimes": "one=600"},
        {"lifetimes": "one=59s"},
        {"lifetimes": "one=86401s"},
        {"lifetimes": "one=-600s"},
        {"lifetimes": "one=+600s"},
        {"lifetimes": "one=9223372036854775808s"},
        {"lifetimes": "one=6\u0660\u0660s"},
        {"lifetimes": "one=600s&scope=x"},
        {"lifetimes": "one=600s=1s"},
        {"lifetimes": "one=600s,"},
        {"lifetimes": "one=600s,one=700s"},
        {"lifetimes": "two=600s"},
        {"lifetimes": "one=600s," * 300},
        {"csi.storage.k8s.io/ephemeral": "false"},
    ],
    ids=lambda context: json.dumps(context)[:60],
)
def test_attributes_beyond_the_limits_are_rejected(node: Node, gateway: FaultGateway, context: dict[str, str]) -> None:
    node.start(gateway.url)
    volume = node.volume()
    assert node.refusal(node.request(volume, context=context))[0] == INVALID
    assert not volume.target.exists() and not gateway.token_calls


def test_server_paths_and_modes_of_a_request_are_ignored(node: Node, gateway: FaultGateway) -> None:
    node.start(gateway.url)
    volume = node.volume()
    hostile = {"server": "https://127.0.0.1:1", "path": "/other", "mode": "6777", "STS_SERVER": "https://127.0.0.1:1"}
    node.publish(volume, context=hostile)
    assert [path for _, path, _ in gateway.token_calls] == ["/one/token"]
    assert (volume.target / "one/token").stat().st_mode & 0o7777 == 0o644


def test_a_writable_volume_and_a_missing_id_are_rejected(node: Node, gateway: FaultGateway) -> None:
    node.start(gateway.url)
    volume = node.volume()
    code, message = node.refusal(node.request(volume, readonly=False))
    assert code == INVALID and "readOnly: true" in message
    assert node.refusal(node.request(volume, volume_id=""))[0] == INVALID
    assert not volume.target.exists()


def test_requests_without_a_usable_token_name_the_audience(node: Node, gateway: FaultGateway) -> None:
    node.start(gateway.url)
    volume = node.volume()
    for tokens in [None, "", "{", "{}", json.dumps({"other": {"token": "x"}}), json.dumps({AUDIENCE: {"token": "a b"}})]:
        request = node.request(volume)
        del request.secrets[TOKENS]
        if tokens is not None:
            request.secrets[TOKENS] = tokens
        code, message = node.refusal(request)
        assert code == grpc.StatusCode.FAILED_PRECONDITION and "ServiceAccount token" in message
    assert not gateway.token_calls


def test_messages_that_are_malformed_or_too_long_are_rejected(node: Node, gateway: FaultGateway) -> None:
    node.start(gateway.url)

    def raw(method: str, content: bytes) -> grpc.StatusCode:
        with grpc.insecure_channel(f"unix:{node.socket}") as channel:
            try:
                channel.unary_unary(method)(content, timeout=600)
            except grpc.RpcError as error:
                return error.code()
        return grpc.StatusCode.OK

    publish = "/csi.v1.Node/NodePublishVolume"
    for content in [b"\xff", b"\x0a\x05a", b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", b"\x0a\x01\xff", b"\x0b", b""]:
        assert raw(publish, content) == INVALID, content
    assert raw(publish, b"\x0a" * (1 << 21)) == grpc.StatusCode.RESOURCE_EXHAUSTED
    assert raw("/csi.v1.Controller/CreateVolume", b"") == grpc.StatusCode.UNIMPLEMENTED
    volume = node.volume()
    node.publish(volume)
    assert volume.token()


LEVELS = ["pods/{uid}", "pods/{uid}/volumes", "pods/{uid}/volumes/kubernetes.io~csi", "{parent}", "{parent}/mount"]


@pytest.mark.parametrize("level", range(5))
def test_a_symbolic_link_at_each_level_is_not_followed(node: Node, gateway: FaultGateway, level: int) -> None:
    node.start(gateway.url)
    volume = Volume(node.kubelet)
    outside = node.folder / "outside"
    parent = f"pods/{volume.uid}/volumes/kubernetes.io~csi/{volume.name}"
    link = node.kubelet / LEVELS[level].format(uid=volume.uid, parent=parent)
    # The folders below the link exist at its destination.
    (outside / volume.target.relative_to(link)).mkdir(parents=True)
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(outside, target_is_directory=True)
    before = contents(outside)
    code, message = node.refusal(node.request(volume))
    assert code == grpc.StatusCode.UNAVAILABLE and "symbolic link" in message
    code, _ = node.refusal(
        csi.NodeUnpublishVolumeRequest(volume_id="one", target_path=str(volume.target)), "NodeUnpublishVolume"
    )
    assert code == grpc.StatusCode.INTERNAL
    assert contents(outside) == before and link.is_symlink() and not gateway.token_calls


def test_a_link_that_is_swapped_in_between_two_calls_is_not_followed(node: Node, gateway: FaultGateway) -> None:
    if node.storage != "files":
        pytest.skip("a mount point cannot be replaced by a link")
    node.start(gateway.url)
    volume = node.volume()
    node.publish(volume)
    outside = node.folder / "outside"
    (outside / "one").mkdir(parents=True)
    (outside / "one/token").write_text("theirs")
    volume.target.rename(node.folder / "moved")
    volume.target.symlink_to(outside)
    assert "symbolic link" in node.refusal(node.request(volume))[1]
    volume.target.unlink()
    volume.target.mkdir()
    (volume.target / "one").symlink_to(outside / "one")
    assert node.refusal(node.request(volume))[0] == grpc.StatusCode.UNAVAILABLE
    assert (outside / "one/token").read_text() == "theirs"
    node.unpublish(volume)
    assert contents(outside) == ["one", "one/token"]


def test_a_token_file_that_is_a_link_is_replaced_and_not_followed(node: Node, gateway: FaultGateway) -> None:
    if node.storage != "files":
        pytest.skip("nobody but the driver writes into its tmpfs")
    node.start(gateway.url)
    volume = node.volume()
    victim = node.folder / "victim"
    victim.write_text("untouched")
    (volume.target / "one").mkdir(parents=True)
    (volume.target / "one/token").symlink_to(victim)
    node.publish(volume)
    assert victim.read_text() == "untouched" and not (volume.target / "one/token").is_symlink()
    assert volume.token() in gateway.issued


def test_unpublish_does_not_enter_other_file_systems_or_deep_folders(node: Node, gateway: FaultGateway) -> None:
    if node.storage != "files":
        pytest.skip("nobody but the driver writes into its tmpfs")
    node.start(gateway.url)
    volume = node.volume()
    node.publish(volume)
    deep = volume.target / "one/deep"
    deep.mkdir()
    (deep / "file").write_text("kept")
    leaving = csi.NodeUnpublishVolumeRequest(volume_id="one", target_path=str(volume.target))
    assert node.refusal(leaving, "NodeUnpublishVolume")[0] == grpc.StatusCode.INTERNAL
    assert (deep / "file").read_text() == "kept" and os.path.exists(volume.target)
