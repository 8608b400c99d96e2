"""An image is not built from outdated Debian packages."""

import os
import sys
from pathlib import Path

import pytest
from conftest import REPOSITORY

sys.path[:0] = [str(REPOSITORY / "deploy/image")]

import debian_packages  # noqa: E402
from debian_packages import DebianPackage  # noqa: E402

XML = DebianPackage("libxml2", "2.9.14+dfsg-1.3~deb12u4", "amd64", "libxml2", "2.9.14+dfsg-1.3~deb12u4")
CERTIFICATES = DebianPackage("ca-certificates", "20230311", "all", "ca-certificates", "20230311")


def apt_cache(folder: Path, monkeypatch: pytest.MonkeyPatch, candidates: dict[str, str]) -> None:
    """Replaces `apt-cache policy` by a program that prints these candidates."""
    cases = "".join(f'{name}) echo "  Candidate: {version}" ;;\n' for name, version in candidates.items())
    program = folder / "apt-cache"
    program.write_text(f'#!/bin/sh\necho "$2:"\ncase "$2" in\n{cases}esac\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=":")


def test_packages_without_an_update_are_accepted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known = {"libxml2:amd64": XML.version, "ca-certificates:all": CERTIFICATES.version}
    older = {"libxml2:amd64": "2.9.14+dfsg-1.3~deb12u3", "ca-certificates:all": "(none)"}
    for candidates in [known, older, {}]:
        apt_cache(tmp_path, monkeypatch, candidates)
        debian_packages.require_newest([XML, CERTIFICATES])


def test_each_update_is_reported_with_the_command_that_installs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    apt_cache(tmp_path, monkeypatch, {"libxml2:amd64": "2.9.14+dfsg-1.3~deb12u10", "ca-certificates:all": "20240203"})
    with pytest.raises(SystemExit) as raised:
        debian_packages.require_newest([XML, CERTIFICATES])
    assert str(raised.value).splitlines() == [
        "build-image: ca-certificates 20230311: 20240203 is available",
        "build-image: libxml2 2.9.14+dfsg-1.3~deb12u4: 2.9.14+dfsg-1.3~deb12u10 is available",
        "build-image: run: apt-get install --only-upgrade ca-certificates libxml2",
    ]


def test_package_lists_must_exist_and_be_recent(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="run: apt-get update"):
        debian_packages.require_package_lists(tmp_path)
    release = tmp_path / "deb.example.org_dists_stable_InRelease"
    release.touch()
    debian_packages.require_package_lists(tmp_path)
    for place in [release, tmp_path]:
        os.utime(place, (0, 0))
    with pytest.raises(SystemExit, match="older than a day"):
        debian_packages.require_package_lists(tmp_path)
