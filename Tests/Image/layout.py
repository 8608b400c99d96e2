"""Reads an OCI archive as strictly as its specification is written, and trusts nothing that it says.

Source: OCI Image Format Specification 1.1: image-layout.md, image-index.md, manifest.md, config.md, layer.md.
"""

import gzip
import hashlib
import io
import json
import re
import tarfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

MEDIA = "application/vnd.oci.image"


@dataclass(frozen=True)
class Archive:
    file: Path
    content: dict[str, bytes]
    """The regular files by their path in the layout."""
    digest: str
    """The digest of the manifest."""
    manifest: dict[str, Any]
    config: dict[str, Any]
    """The image configuration (config.md)."""
    layers: list[bytes]
    """Uncompressed."""

    @property
    def container(self) -> dict[str, Any]:
        """The configuration of a container."""
        return self.config["config"]

    def compressed(self) -> int:
        """The compressed size in bytes, which a node downloads."""
        return self.manifest["config"]["size"] + sum(layer["size"] for layer in self.manifest["layers"])

    def entries(self) -> dict[str, tuple[tarfile.TarInfo, bytes]]:
        """The files of a container by absolute path. Upper layers replace lower ones."""
        found = {}
        for layer in self.layers:
            with tarfile.open(fileobj=io.BytesIO(layer)) as opened:
                for member in opened:
                    content = opened.extractfile(member)
                    found["/" + member.name] = (member, content.read() if content else b"")
        return found

    def extract(self, folder: Path) -> None:
        for layer in self.layers:
            with tarfile.open(fileobj=io.BytesIO(layer)) as opened:
                opened.extractall(folder)


def read_archive(file: Path) -> Archive:
    """Checks every digest, size and media type on the way. Optional is what the specification leaves out of MUST."""
    content = read_members(file)
    assert json.loads(content["oci-layout"]) == {"imageLayoutVersion": "1.0.0"}
    index = json.loads(content["index.json"])
    assert index["schemaVersion"] == 2 and index.get("mediaType", f"{MEDIA}.index.v1+json") == f"{MEDIA}.index.v1+json"
    assert len(index["manifests"]) == 1
    described = index["manifests"][0]
    used = {"oci-layout", "index.json"}

    def blob(descriptor: dict[str, Any], media_type: str) -> bytes:
        assert descriptor["mediaType"] == f"{MEDIA}.{media_type}"
        assert re.fullmatch(r"sha256:[0-9a-f]{64}", descriptor["digest"])
        place = "blobs/" + descriptor["digest"].replace(":", "/")
        used.add(place)
        found = content[place]
        assert len(found) == descriptor["size"]
        assert "sha256:" + hashlib.sha256(found).hexdigest() == descriptor["digest"]
        return found

    manifest = json.loads(blob(described, "manifest.v1+json"))
    assert manifest["schemaVersion"] == 2
    assert manifest.get("mediaType", described["mediaType"]) == described["mediaType"]
    config = json.loads(blob(manifest["config"], "config.v1+json"))
    layers = [gzip.decompress(blob(layer, "layer.v1.tar+gzip")) for layer in manifest["layers"]]
    diff_ids = ["sha256:" + hashlib.sha256(layer).hexdigest() for layer in layers]
    assert config["rootfs"] == {"type": "layers", "diff_ids": diff_ids}
    assert len([entry for entry in config["history"] if not entry.get("empty_layer")]) == len(layers)
    platform = {"os": "linux", "architecture": config["architecture"]}
    assert config["os"] == "linux" and described.get("platform", platform).items() >= platform.items()
    assert used == content.keys(), "the layout has an unreferenced blob"
    return Archive(file, content, described["digest"], manifest, config, layers)


def read_members(file: Path) -> dict[str, bytes]:
    """The regular files of the archive; beside them there are folders only, and nothing leaves the archive."""
    found = {}
    with tarfile.open(file) as opened:
        for member in opened:
            assert not member.name.startswith("/") and ".." not in PurePosixPath(member.name).parts
            assert member.isfile() or member.isdir(), member.name
            assert member.name not in found, f"duplicate {member.name}"
            if content := opened.extractfile(member):
                found[member.name] = content.read()
    return found
