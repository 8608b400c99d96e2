"""Packs the programs into OCI archives, or into folders for deploy/image/Containerfile. scripts/build-image runs it."""

import argparse
from pathlib import Path

from debian_packages import require_package_lists
from images import Origin, gateway, node, program_version, sidecar
from oci_archive import COMPRESSION


def main() -> None:
    parser = argparse.ArgumentParser(description="Packs the programs into OCI archives.")
    parser.add_argument("--gateway", type=Path, required=True, metavar="PROGRAM")
    parser.add_argument("--sidecar", type=Path, required=True, metavar="PROGRAM")
    parser.add_argument("--node", type=Path, required=True, metavar="PROGRAM")
    parser.add_argument("--resolved", type=Path, required=True, metavar="FILE", help="Package.resolved")
    parser.add_argument("--checkouts", type=Path, required=True, metavar="FOLDER", help="SwiftPM checkouts, for licenses")
    parser.add_argument("--swift", required=True, metavar="VERSION", help="version of the Swift toolchain")
    parser.add_argument("--revision", default="", help="the commit")
    parser.add_argument("--epoch", type=int, required=True, help="SOURCE_DATE_EPOCH")
    parser.add_argument(
        "--debian-updates", choices=["check", "skip"], default="skip", help="whether Debian packages must be the newest"
    )
    parser.add_argument("--roots", action="store_true", help="write folders instead of archives")
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER")
    options = parser.parse_args()

    versions = {
        program_version(options.gateway, "version"), program_version(options.sidecar, "--version"),
        program_version(options.node, "--version"),
    }  # fmt: skip
    if len(versions) != 1:
        raise SystemExit(f"build-image: the programs have different versions: {', '.join(sorted(versions))}")
    if options.debian_updates == "check":
        require_package_lists()
    origin = Origin(versions.pop(), options.revision, options.epoch, options.swift, options.debian_updates == "check")
    made = [
        gateway(options.gateway, options.resolved, options.checkouts, origin),
        sidecar(options.sidecar, origin),
        node(options.node, options.resolved, options.checkouts, origin),
    ]
    options.out.mkdir(parents=True, exist_ok=True)
    for image, software in made:
        if options.roots:
            image.write_root(options.out / image.name)
            continue
        name = f"{image.name}-{image.version}-linux-{image.architecture}"
        archive = options.out / f"{name}.oci.tar"
        digest = image.write_archive(archive)
        (options.out / f"{name}.spdx.json").write_text(software)
        print(f"{archive}  {archive.stat().st_size / 1e6:.1f} MB  {digest}")
    if not options.roots:
        print(f"compressed with {COMPRESSION}")


if __name__ == "__main__":
    main()
