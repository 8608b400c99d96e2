"""Invalid inputs of the packer are rejected, with what to do."""

import platform
import sys
from pathlib import Path

import pytest
from conftest import REPOSITORY

sys.path[:0] = [str(REPOSITORY / "deploy/image")]

import debian_packages  # noqa: E402
import images  # noqa: E402
from linked_program import require_no_foundation  # noqa: E402
from oci_archive import Layer  # noqa: E402
from shared_objects import shared_objects  # noqa: E402


def replace(folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, *lines: str) -> None:
    """Replaces a program by one that prints these lines."""
    program = folder / name
    program.write_text("#!/bin/sh\ncat <<'END'\n" + "".join(f"{line}\n" for line in lines) + "END\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=":")


def ldd(folder: Path, monkeypatch: pytest.MonkeyPatch, *lines: str) -> None:
    replace(folder, monkeypatch, "ldd", *[f"\t{line}" for line in lines])


def test_a_program_that_needs_libraries_of_the_toolchain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "libswiftCore.so"
    place.touch()
    ldd(tmp_path, monkeypatch, f"libswiftCore.so => {place} (0x00007f7fee600000)")
    with pytest.raises(SystemExit, match=f"needs {place}; link it with --static-swift-stdlib"):
        shared_objects(tmp_path / "program")


def test_a_program_that_needs_a_missing_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ldd(tmp_path, monkeypatch, "linux-vdso.so.1 (0x00007f7ff0aea000)", "libxml2.so.2 => not found")
    with pytest.raises(SystemExit, match='"libxml2.so.2 => not found"; install the missing library'):
        shared_objects(tmp_path / "program")


def test_a_program_that_needs_icu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ldd(tmp_path, monkeypatch, "libicuuc.so.72 => /usr/lib/x86_64-linux-gnu/libicuuc.so.72 (0x00007f7fee600000)")
    with pytest.raises(SystemExit, match="libicuuc.so.72, and ICU is not in the image"):
        shared_objects(tmp_path / "program")


ESSENTIALS = "0000000000000010 T $s20FoundationEssentials4DataVACycfC"


@pytest.mark.parametrize(
    ("symbols", "message"),
    [
        (["0000000000000020 T $s10Foundation12CharacterSetV"], r"1 symbols, such as \$s10Foundation12CharacterSetV"),
        (["                 U $sSS10FoundationE6lengthSivg"], r"contains Foundation \(1 symbols"),
        ([], None),
    ],
)
def test_a_program_with_foundation(
    symbols: list[str], message: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace(tmp_path, monkeypatch, "nm", *[ESSENTIALS, *symbols])
    if message is None:
        require_no_foundation(tmp_path / "program")
        return
    with pytest.raises(SystemExit, match=message):
        require_no_foundation(tmp_path / "program")


def test_a_program_without_symbols(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    replace(tmp_path, monkeypatch, "nm", "")
    with pytest.raises(SystemExit, match="has no symbols; link it without -s"):
        require_no_foundation(tmp_path / "program")


def test_the_dynamic_loader_of_arm64_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On arm64 the loader is in /lib. The test uses a loader that this machine has."""
    loader = next(path for path in ["/lib64/ld-linux-x86-64.so.2", "/lib/ld-linux-aarch64.so.1"] if Path(path).exists())
    ldd(tmp_path, monkeypatch, "linux-vdso.so.1 (0x0000ffff9a7d0000)", f"{loader} (0x0000ffff9a7a0000)")
    assert shared_objects(tmp_path / "program") == {loader: Path(loader).resolve()}


def test_a_file_without_a_package(tmp_path: Path) -> None:
    (tmp_path / "library.so").touch()
    with pytest.raises(SystemExit, match="library.so belongs to no Debian package"):
        debian_packages.debian_package(tmp_path / "library.so")


def test_an_unknown_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    origin = images.Origin("0.1.0", "", 0, "6.3.1")
    names = {}
    for machine in ["x86_64", "aarch64"]:
        monkeypatch.setattr(platform, "machine", lambda machine=machine: machine)
        names[machine] = origin.architecture
    assert names == {"x86_64": "amd64", "aarch64": "arm64"}
    monkeypatch.setattr(platform, "machine", lambda: "riscv64")
    with pytest.raises(SystemExit, match='unknown machine "riscv64"'):
        origin.architecture  # noqa: B018


def test_a_duplicate_file() -> None:
    layer = Layer("", 0)
    layer.add("/etc/passwd", "one")
    with pytest.raises(ValueError, match="duplicate file /etc/passwd in the layer"):
        layer.add("etc/passwd", "two")
