"""Finds the Debian package of a file."""

import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

CERTIFICATES = Path("/usr/share/ca-certificates/mozilla")


@dataclass(frozen=True, order=True)
class DebianPackage:
    name: str
    version: str
    architecture: str
    source: str
    source_version: str

    @property
    def copyright(self) -> bytes:
        return Path(f"/usr/share/doc/{self.name}/copyright").read_bytes()


@cache
def debian_package(file: Path) -> DebianPackage:
    """The package of a file. /usr/lib and /lib are one folder; dpkg knows one of the two paths."""
    for path in [file, Path(str(file).removeprefix("/usr"))]:
        owned = subprocess.run(["dpkg-query", "--search", path], capture_output=True, text=True)
        if owned.returncode == 0:
            break
    else:
        raise SystemExit(
            f"build-image: {file} belongs to no Debian package; build on Debian, or with deploy/image/Containerfile"
        )
    name = owned.stdout.partition(": ")[0]
    fields = ["Package", "Version", "Architecture", "source:Package", "source:Version"]
    form = "\t".join(f"${{{field}}}" for field in fields)
    shown = subprocess.run(["dpkg-query", "--show", "-f", form, name], capture_output=True, text=True, check=True)
    return DebianPackage(*shown.stdout.split("\t"))


def ca_bundle() -> tuple[bytes, DebianPackage]:
    """All certificates of the package ca-certificates, without those that were added to this machine."""
    files = sorted(CERTIFICATES.glob("*.crt"))
    if not files:
        raise SystemExit(f"build-image: no certificates in {CERTIFICATES}; run: apt-get install ca-certificates")
    packages = {debian_package(file) for file in files[:1] + files[-1:]}
    if len(packages) != 1:
        raise SystemExit(f"build-image: {CERTIFICATES} has files of several packages")
    return b"".join(file.read_bytes().rstrip() + b"\n" for file in files), packages.pop()


def linked_archive(name: str) -> Path:
    """The path at which the linker finds a static library, such as libssl.a."""
    found = subprocess.run(["clang", f"-print-file-name={name}"], capture_output=True, text=True, check=True)
    file = found.stdout.strip()
    if "/" not in file:
        raise SystemExit(f"build-image: missing {name}; run scripts/install-tools")
    return Path(file).resolve(strict=True)
