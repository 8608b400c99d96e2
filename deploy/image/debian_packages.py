"""Finds the Debian package of a file, and checks that it is the newest version."""

import re
import subprocess
import time
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

LISTS = Path("/var/lib/apt/lists")
OLDEST_LISTS = 24 * 3600
"""Seconds after which package lists may lack a security update."""
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


def require_package_lists(folder: Path = LISTS) -> None:
    """Exits where `apt-get update` has not run within a day: without its lists no update is known."""
    files = [file for file in folder.glob("*_*") if file.is_file()]
    age = time.time() - max((file.stat().st_mtime for file in [folder, *files] if files), default=0)
    if age > OLDEST_LISTS:
        raise SystemExit(
            "build-image: the Debian package lists are missing or older than a day; run: apt-get update "
            "(DEBIAN_UPDATES=skip builds without them)"
        )


def require_newest(packages: Iterable[DebianPackage]) -> None:
    """Exits where the package lists have a newer version of one of the packages, such as a security update."""
    outdated = []
    for package in sorted(packages):
        name = f"{package.name}:{package.architecture}"
        shown = subprocess.run(["apt-cache", "policy", name], capture_output=True, text=True, check=True).stdout
        candidate = re.search(r"^ *Candidate: (\S+)$", shown, re.MULTILINE)
        if not candidate or candidate[1] == package.version or candidate[1] == "(none)":
            continue
        newer = subprocess.run(["dpkg", "--compare-versions", candidate[1], "gt", package.version])
        if newer.returncode == 0:
            outdated.append((package, candidate[1]))
    if outdated:
        lines = [f"build-image: {one.name} {one.version}: {version} is available" for one, version in outdated]
        lines.append("build-image: run: apt-get install --only-upgrade " + " ".join(one.name for one, _ in outdated))
        raise SystemExit("\n".join(lines))


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
