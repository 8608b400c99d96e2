"""Reproducible OCI image archives: the same content always has the same bytes.

Sources: OCI Image Format Specification 1.1: image-layout.md, manifest.md, config.md, layer.md, annotations.md.
"""

import gzip
import hashlib
import io
import json
import tarfile
import zlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any

MEDIA = "application/vnd.oci.image"


def canonical(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def digest(content: bytes) -> str:
    return "sha256:" + hashlib.sha256(content).hexdigest()


def timestamp(epoch: int) -> str:
    """The time in RFC 3339 format."""
    return datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass
class Layer:
    """Files by their path in the image, without the first slash. The owner is 0:0, and nothing is writable."""

    comment: str
    epoch: int
    """The time of all entries."""
    files: dict[str, tuple[bytes, int]] = field(default_factory=dict)
    """Content and mode."""
    folders: set[str] = field(default_factory=set)
    """Folders that exist even if they are empty."""

    def add(self, path: str, content: bytes | str, mode: int = 0o444) -> None:
        name = str(PurePosixPath(path.removeprefix("/")))
        if name in self.files:
            raise ValueError(f"duplicate file /{name} in the layer")
        self.files[name] = (content.encode() if isinstance(content, str) else content, mode)

    def entries(self) -> dict[str, tuple[bytes | None, int]]:
        """The entries in order, each folder before its files; a folder has no content."""
        parents = {str(parent) for path in [*self.files, *self.folders] for parent in PurePosixPath(path).parents}
        folders = {path: (None, 0o755) for path in (parents | self.folders) - {"."}}
        return dict(sorted((folders | self.files).items()))

    def tar(self) -> bytes:
        """The uncompressed layer (layer.md)."""
        written = io.BytesIO()
        with tarfile.open(fileobj=written, mode="w", format=tarfile.USTAR_FORMAT) as archive:
            for path, (content, mode) in self.entries().items():
                archive.addfile(*entry(path, content, mode, self.epoch))
        return written.getvalue()


def entry(path: str, content: bytes | None, mode: int, epoch: int) -> tuple[tarfile.TarInfo, io.BytesIO | None]:
    """The entry of a file, or of a folder if there is no content."""
    info = tarfile.TarInfo(path)
    info.mode, info.mtime = mode, epoch
    if content is None:
        info.type = tarfile.DIRTYPE
        return info, None
    info.size = len(content)
    return info, io.BytesIO(content)


@dataclass(frozen=True)
class Image:
    name: str
    version: str
    architecture: str
    """The value of GOARCH (config.md)."""
    epoch: int
    config: dict[str, Any]
    """The configuration of a container: User, Entrypoint, … (config.md)."""
    layers: list[Layer]

    def write_archive(self, file: Path) -> str:
        """Writes an image layout in a tar archive; returns the digest of the manifest."""
        blobs: list[bytes] = []

        def descriptor(media_type: str, content: bytes) -> dict[str, Any]:
            blobs.append(content)
            return {"mediaType": f"{MEDIA}.{media_type}", "digest": digest(content), "size": len(content)}

        tars = [layer.tar() for layer in self.layers]
        platform = {"architecture": self.architecture, "os": "linux"}
        if self.architecture == "arm64":
            platform["variant"] = "v8"
        configuration = {
            **platform,
            "created": timestamp(self.epoch),
            "config": self.config,
            "rootfs": {"type": "layers", "diff_ids": [digest(tar) for tar in tars]},
            "history": [
                {"created": timestamp(layer.epoch), "created_by": "scripts/build-image", "comment": layer.comment}
                for layer in self.layers
            ],
        }
        manifest = {
            "schemaVersion": 2,
            "mediaType": f"{MEDIA}.manifest.v1+json",
            "config": descriptor("config.v1+json", canonical(configuration)),
            "layers": [descriptor("layer.v1.tar+gzip", gzip.compress(tar, 9, mtime=0)) for tar in tars],
            "annotations": {**self.config["Labels"], "org.opencontainers.image.created": timestamp(self.epoch)},
        }
        whole = descriptor("manifest.v1+json", canonical(manifest))
        names = {
            "org.opencontainers.image.ref.name": self.version,
            "io.containerd.image.name": f"docker.io/library/{self.name}:{self.version}",
        }
        index = {
            "schemaVersion": 2,
            "mediaType": f"{MEDIA}.index.v1+json",
            "manifests": [{**whole, "platform": platform, "annotations": names}],
        }
        content = {
            "oci-layout": canonical({"imageLayoutVersion": "1.0.0"}),
            "index.json": canonical(index),
            **{"blobs/sha256/" + hashlib.sha256(blob).hexdigest(): blob for blob in blobs},
        }
        archived = Layer("", self.epoch, {path: (blob, 0o644) for path, blob in content.items()})
        file.write_bytes(archived.tar())
        return whole["digest"]

    def write_root(self, folder: Path) -> None:
        """Writes the files of the image to a new folder, from which the Containerfile copies them."""
        folder.mkdir(parents=True)
        folder.chmod(0o755)
        for layer in self.layers:
            for path, (content, mode) in layer.entries().items():
                place = folder / path
                if content is None:
                    place.mkdir(exist_ok=True)
                else:
                    place.write_bytes(content)
                place.chmod(mode)


COMPRESSION = f"zlib {zlib.ZLIB_RUNTIME_VERSION}"
"""The digests depend on the content and on this version."""
