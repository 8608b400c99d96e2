"""The Containerfile says of its targets what `make image` writes into its archives.

Buildah builds the targets, where it is installed.
The stage that compiles needs a base image from a registry and half an hour: it is not run here. What it would write
is given to the final stages instead.
"""

import hashlib
import json
import re
import shlex
import shutil
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest
from conftest import needs_root
from layout import Archive, read_archive

REPOSITORY = Path(__file__).resolve().parents[2]
FILE = REPOSITORY / "deploy/image/Containerfile"
INSTRUCTIONS = {"ARG", "FROM", "RUN", "WORKDIR", "COPY", "USER", "EXPOSE", "ENTRYPOINT", "CMD", "LABEL"}
TARGETS = {"gateway": "gateway_image", "sidecar": "sidecar_image", "node": "node_image"}


def instructions() -> list[tuple[str, str]]:
    """The instructions: comments removed, continued lines joined."""
    lines = [line for line in FILE.read_text().splitlines() if not line.startswith("#")]
    joined = re.sub(r"\\\n\s*", " ", "\n".join(lines))
    return [(line.split(" ", 1)[0], line.split(" ", 1)[1]) for line in joined.splitlines() if line.strip()]


def stage(name: str) -> list[tuple[str, str]]:
    found = instructions()
    begin = next(at for at, (word, rest) in enumerate(found) if word == "FROM" and rest.endswith(f" AS {name}"))
    end = next((at for at in range(begin + 1, len(found)) if found[at][0] == "FROM"), len(found))
    return found[begin:end]


def config(name: str, version: str, revision: str) -> dict[str, Any]:
    """The image configuration that the instructions of a stage give (config.md)."""
    made: dict[str, Any] = {}
    for word, rest in stage(name):
        rest = rest.replace("${VERSION}", version).replace("${REVISION}", revision)
        match word:
            case "USER":
                made["User"] = rest
            case "WORKDIR":
                made["WorkingDir"] = rest
            case "EXPOSE":
                made["ExposedPorts"] = {port: {} for port in rest.split()}
            case "ENTRYPOINT" | "CMD":
                made[word.capitalize()] = json.loads(rest)
            case "LABEL":
                made["Labels"] = dict(pair.split("=", 1) for pair in shlex.split(rest))
    return made


def version_and_revision(image: Archive) -> tuple[str, str]:
    labels = image.container["Labels"]
    return labels["org.opencontainers.image.version"], labels["org.opencontainers.image.revision"]


def test_it_has_known_instructions_and_four_stages() -> None:
    found = instructions()
    assert {word for word, _ in found} <= INSTRUCTIONS
    stages = [rest for word, rest in found if word == "FROM"]
    assert stages == ["${SWIFT} AS build", "scratch AS gateway", "scratch AS sidecar", "scratch AS node"]
    assert re.fullmatch(r"SWIFT=\S+/swift:\d+\.\d+\.\d+-bookworm(@sha256:[0-9a-f]{64})?", found[0][1]), "the base has a whole version"


def test_the_base_is_upgraded_before_libraries_are_copied_from_it() -> None:
    commands = [rest for word, rest in stage("build") if word == "RUN"]
    assert [word for word in ["update", "upgrade", "install"] if f"apt-get {word}" in commands[0]] == [
        "update", "upgrade", "install",
    ]  # fmt: skip
    assert "/var/lib/apt/lists" not in commands[0], "build-image reads the package lists"
    assert "scripts/build-image" in commands[-1]


@pytest.mark.parametrize("target", TARGETS)
def test_a_target_has_the_configuration_of_the_packed_image(target: str, request: pytest.FixtureRequest) -> None:
    image: Archive = request.getfixturevalue(TARGETS[target])
    assert config(target, *version_and_revision(image)) == image.container


def test_no_copied_file_is_ignored() -> None:
    kept = [line for line in FILE.with_name("Containerfile.dockerignore").read_text().splitlines() if line[:1] == "!"]
    for line in kept:
        assert (REPOSITORY / line[1:]).exists(), f"{line} is not in the repository"
    sources = {"!Benchmarks", "!Package.swift", "!Sources", "!plugins.json"}
    assert sources | {"!LICENSE", "!dependencies.lock", "!deploy/image", "!scripts"} <= set(kept)


@needs_root
@pytest.mark.skipif(shutil.which("buildah") is None, reason="buildah is not installed")
@pytest.mark.parametrize("target", TARGETS)
def test_buildah_builds_the_same_image_from_the_same_files(
    target: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    image: Archive = request.getfixturevalue(TARGETS[target])
    root = tmp_path / f"context/roots/sts-{target}"
    root.mkdir(parents=True)
    image.extract(root)
    (tmp_path / "Containerfile").write_text(
        "FROM scratch AS build\nCOPY roots /roots\n" + "\n".join(f"{word} {rest}" for word, rest in stage(target))
    )
    store = ["--root", str(tmp_path / "store"), "--runroot", str(tmp_path / "run"), "--storage-driver", "vfs"]
    version, revision = version_and_revision(image)

    def buildah(*arguments: str) -> None:
        ended = subprocess.run(["buildah", *store, *arguments], capture_output=True, text=True)
        assert ended.returncode == 0, ended.stderr

    buildah(
        "build", "--isolation", "chroot", "--format", "oci", "--layers=false", "--target", target, "-t", "made",
        "--build-arg", f"VERSION={version}", "--build-arg", f"REVISION={revision}", "--identity-label=false",
        "-f", str(tmp_path / "Containerfile"), str(tmp_path / "context"),
    )  # fmt: skip
    (tmp_path / "policy.json").write_text('{"default": [{"type": "insecureAcceptAnything"}]}')
    archive = tmp_path / "made.oci.tar"
    buildah("push", "--signature-policy", str(tmp_path / "policy.json"), "made", f"oci-archive:{archive}")
    made = read_archive(archive)
    assert {key: value for key, value in made.container.items() if key != "Env"} == image.container
    assert described(made) == described(image)


def described(image: Archive) -> dict[str, tuple[int, int, int, str]]:
    """The entries without times. Archives of Go have the file type in the mode."""
    return {
        path.rstrip("/"): (stat.S_IMODE(info.mode), info.uid, info.gid, hashlib.sha256(content).hexdigest())
        for path, (info, content) in image.entries().items()
    }
