"""The archives, read by layout.py and by skopeo."""

import json
import platform
import shutil
import subprocess

import pytest
from layout import Archive

MEGABYTE = 1_000_000
TITLES = ["created", "description", "licenses", "revision", "title", "version"]


@pytest.fixture(params=["gateway_image", "sidecar_image"])
def image(request: pytest.FixtureRequest) -> Archive:
    return request.getfixturevalue(request.param)


def test_it_has_the_architecture_of_this_machine_and_labels(image: Archive) -> None:
    names = {"x86_64": "amd64", "aarch64": "arm64", "arm64": "arm64"}
    assert image.config["architecture"] == names[platform.machine()]
    annotations = image.manifest["annotations"]
    assert sorted(annotations) == [f"org.opencontainers.image.{title}" for title in TITLES]
    assert all(annotations.values())
    assert annotations.items() >= image.container["Labels"].items()
    assert annotations["org.opencontainers.image.created"] == image.config["created"]
    index = json.loads(image.content["index.json"])
    assert index["mediaType"] == "application/vnd.oci.image.index.v1+json"
    assert image.manifest["mediaType"] == index["manifests"][0]["mediaType"]
    assert index["manifests"][0]["platform"]["os"] == "linux"
    described = index["manifests"][0]["annotations"]
    version = annotations["org.opencontainers.image.version"]
    title = annotations["org.opencontainers.image.title"]
    assert described["org.opencontainers.image.ref.name"] == version
    assert described["io.containerd.image.name"] == f"docker.io/library/{title}:{version}"


def test_the_gateway_is_at_most_80_megabytes(gateway_image: Archive) -> None:
    assert gateway_image.compressed() <= 80 * MEGABYTE


def test_the_sidecar_is_at_most_8_megabytes(sidecar_image: Archive) -> None:
    assert sidecar_image.compressed() <= 8 * MEGABYTE


def test_the_gateway_runs_as_an_unprivileged_user_with_its_ports(gateway_image: Archive) -> None:
    assert gateway_image.container["User"] == "65532:65532"
    assert gateway_image.container["Entrypoint"] == ["/sts-gateway"]
    assert sorted(gateway_image.container["ExposedPorts"]) == ["8443/tcp", "9090/tcp", "9443/tcp"]


def test_the_sidecar_runs_as_an_unprivileged_user_without_ports(sidecar_image: Archive) -> None:
    assert sidecar_image.container["User"] == "65532:65532"
    assert sidecar_image.container["Entrypoint"] == ["/sts-sidecar"]
    assert "ExposedPorts" not in sidecar_image.container


def test_the_node_driver_runs_as_root_and_is_at_most_20_megabytes(node_image: Archive) -> None:
    assert node_image.compressed() <= 20 * MEGABYTE
    assert node_image.container["User"] == "0:0"
    assert node_image.container["Entrypoint"] == ["/sts-node"]
    assert list(node_image.container["ExposedPorts"]) == ["9808/tcp"]


def test_skopeo_reads_the_same(image: Archive) -> None:
    assert shutil.which("skopeo"), "missing skopeo; run: apt-get install skopeo"
    place = f"oci-archive:{image.file}"

    def skopeo(*arguments: str) -> bytes:
        ended = subprocess.run(["skopeo", *arguments], capture_output=True)
        assert ended.returncode == 0, ended.stderr.decode()
        return ended.stdout

    shown = json.loads(skopeo("inspect", place))
    assert shown["Digest"] == image.digest
    assert shown["Layers"] == [layer["digest"] for layer in image.manifest["layers"]]
    assert shown["Labels"] == image.container["Labels"]
    assert (shown["Os"], shown["Architecture"]) == ("linux", image.config["architecture"])
    assert json.loads(skopeo("inspect", "--config", "--raw", place)) == image.config
    version = image.container["Labels"]["org.opencontainers.image.version"]
    assert json.loads(skopeo("inspect", f"{place}:{version}"))["Digest"] == image.digest


def test_skopeo_can_copy_it(image: Archive, tmp_path: str) -> None:
    assert shutil.which("skopeo"), "missing skopeo; run: apt-get install skopeo"
    target = f"dir:{tmp_path}/copy"
    copied = subprocess.run(
        ["skopeo", "copy", "--insecure-policy", f"oci-archive:{image.file}", target], capture_output=True, text=True
    )
    assert copied.returncode == 0, copied.stderr
    shown = subprocess.run(["skopeo", "inspect", target], capture_output=True, text=True, check=True)
    assert json.loads(shown.stdout)["Digest"] == image.digest
