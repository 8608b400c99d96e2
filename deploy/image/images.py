"""The content of the images and the configuration of their containers."""

import platform
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from debian_packages import DebianPackage, ca_bundle, debian_package, linked_archive, require_newest
from linked_program import require_no_foundation, stripped
from manual_pages import completions, manual_pages
from oci_archive import Image, Layer
from shared_objects import shared_objects
from software_list import SoftwareList
from swift_packages import swift_packages

REPOSITORY = Path(__file__).resolve().parents[2]
USER = 65532
STATIC_LIBRARIES = ["libc.a", "libcrypto.a", "libgcc.a", "libssl.a", "libstdc++.a"]
GATEWAY_LIBRARIES = ["libxml2.a", "libyaml.a"]
"""Linked into the gateway; its other libraries are shared objects."""
CA_BUNDLE = "etc/ssl/certs/ca-certificates.crt"
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64", "arm64": "arm64"}
"""Maps the machine name of `uname -m` to GOARCH."""

# Without a shell or a home folder. All files are world-readable, so any user id works.
PASSWD = f"root:x:0:0:root:/:/sbin/nologin\nnonroot:x:{USER}:{USER}:nonroot:/:/sbin/nologin\n"
GROUP = f"root:x:0:\nnonroot:x:{USER}:\n"
# Since version 2.34 glibc contains both services and needs no libnss_*.so.
NSSWITCH = "passwd: files\ngroup: files\nhosts: files dns\n"


@dataclass(frozen=True)
class Origin:
    """The sources of the images: version, commit, time and toolchain."""

    version: str
    revision: str
    epoch: int
    """SOURCE_DATE_EPOCH: seconds since 1970."""
    swift: str
    checks_updates: bool = False
    """Whether each Debian package must be the newest of the package lists."""

    @property
    def architecture(self) -> str:
        machine = platform.machine()
        if machine not in ARCHITECTURES:
            raise SystemExit(f'build-image: unknown machine "{machine}"; expected {", ".join(ARCHITECTURES)}')
        return ARCHITECTURES[machine]

    def labels(self, title: str, description: str) -> dict[str, str]:
        """The annotations that the OCI image specification predefines."""
        labels = {
            "title": title, "description": description, "version": self.version, "revision": self.revision,
            "licenses": "Apache-2.0",
        }  # fmt: skip
        return {f"org.opencontainers.image.{name}": value for name, value in labels.items() if value}


def program_version(program: Path, *command: str) -> str:
    output = subprocess.run([program, *command], capture_output=True, text=True, check=True).stdout
    if not (match := re.search(r"\d+\.\d+\.\d+\S*", output)):
        raise SystemExit(f'build-image: invalid version of {program}: "{output.strip()}"')
    return match[0]


class Content:
    """Two layers. The lower one changes only with Debian packages, the upper one with each build."""

    def __init__(self, program: bytes, name: str, origin: Origin) -> None:
        self.name = name
        self.origin = origin
        # A constant file time, so that the layer is the same as long as the packages are.
        self.lower = Layer("Debian's shared objects and certificates", 0)
        self.upper = Layer(f"{name} {origin.version}", origin.epoch)
        self.software = SoftwareList(name, origin.version, origin.epoch)
        self.debian: dict[DebianPackage, list[str]] = {}
        self.lower.folders |= {"dev", "proc", "sys"}
        self.upper.add(name, program, 0o555)
        self.software.add_program(program)
        self.software.add_swift_runtime(origin.swift)
        bundle, package = ca_bundle()
        self.lower.add(CA_BUNDLE, bundle)
        self.of_debian(package, f"/{CA_BUNDLE}")
        self.upper.add(f"usr/share/doc/{name}/LICENSE", (REPOSITORY / "LICENSE").read_bytes())

    def of_debian(self, package: DebianPackage, file: str) -> None:
        self.debian.setdefault(package, []).append(file)

    def image(self, config: dict[str, Any]) -> tuple[Image, str]:
        """The image, and its software list, which is also in the image."""
        if self.origin.checks_updates:
            require_newest(self.debian)
        for package, files in sorted(self.debian.items()):
            self.software.add_debian(package, files)
            self.lower.add(f"usr/share/doc/{package.name}/copyright", package.copyright)
        software = self.software.document()
        self.upper.add(f"usr/share/doc/{self.name}/{self.name}.spdx.json", software)
        layers = [self.lower, self.upper]
        origin = self.origin
        return Image(self.name, origin.version, origin.architecture, origin.epoch, config, layers), software


def gateway(program: Path, resolved: Path, checkouts: Path, origin: Origin) -> tuple[Image, str]:
    """The program, its shared objects, and the files for name resolution and TLS."""
    require_no_foundation(program)
    content = Content(stripped(program), "sts-gateway", origin)
    for library in GATEWAY_LIBRARIES:
        content.of_debian(debian_package(linked_archive(library)), f"{library}, linked into the program")
    for place, file in shared_objects(program).items():
        content.lower.add(place, file.read_bytes(), 0o555)
        content.of_debian(debian_package(file), place)
    content.lower.add("etc/passwd", PASSWD)
    content.lower.add("etc/group", GROUP)
    content.lower.add("etc/nsswitch.conf", NSSWITCH)
    content.upper.add("usr/share/sts-gateway/plugins.json", (REPOSITORY / "plugins.json").read_bytes())
    for place, text in {**completions(program), **manual_pages(program, origin.version)}.items():
        content.upper.add(place, text)
    for package in swift_packages(resolved, checkouts):
        content.software.add_swift(package)
        for name, text in package.texts:
            content.upper.add(f"usr/share/doc/sts-gateway/{package.identity}/{name}", text)
    return content.image({
        "User": f"{USER}:{USER}",
        "ExposedPorts": {"8443/tcp": {}, "9443/tcp": {}, "9090/tcp": {}},
        "Entrypoint": ["/sts-gateway"],
        "Cmd": ["serve", "--config", "/etc/sts-gateway/gateway.yaml"],
        # The gateway reads plugins.json here if there is none beside gateway.yaml.
        "WorkingDir": "/usr/share/sts-gateway",
        "Labels": origin.labels("sts-gateway", "A Security Token Service for Kubernetes"),
    })  # fmt: skip


NODE_PACKAGES = {"swift-atomics", "swift-collections", "swift-nio", "swift-nio-http2"}
"""The Swift packages that the node driver links."""


def node(program: Path, resolved: Path, checkouts: Path, origin: Origin) -> tuple[Image, str]:
    """The static program and CA certificates. It runs as root, since the kubelet's folders are root's."""
    content = Content(program.read_bytes(), "sts-node", origin)
    for library in STATIC_LIBRARIES:
        content.of_debian(debian_package(linked_archive(library)), f"{library}, linked into the program")
    for package in swift_packages(resolved, checkouts):
        if package.identity not in NODE_PACKAGES:
            continue
        content.software.add_swift(package)
        for name, text in package.texts:
            content.upper.add(f"usr/share/doc/sts-node/{package.identity}/{name}", text)
    return content.image({
        "User": "0:0",
        "ExposedPorts": {"9808/tcp": {}},
        "Entrypoint": ["/sts-node"],
        "Cmd": ["run"],
        "WorkingDir": "/",
        "Labels": origin.labels("sts-node", "Writes the sts-gateway tokens of a node's Pods"),
    })  # fmt: skip


def sidecar(program: Path, origin: Origin) -> tuple[Image, str]:
    """The static program and CA certificates."""
    content = Content(program.read_bytes(), "sts-sidecar", origin)
    for library in STATIC_LIBRARIES:
        content.of_debian(debian_package(linked_archive(library)), f"{library}, linked into the program")
    return content.image({
        "User": f"{USER}:{USER}",
        "Entrypoint": ["/sts-sidecar"],
        "Cmd": ["run"],
        "WorkingDir": "/",
        "Labels": origin.labels("sts-sidecar", "Refreshes the sts-gateway tokens of a Pod"),
    })  # fmt: skip
