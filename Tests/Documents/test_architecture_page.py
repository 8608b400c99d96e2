"""docs/architecture.md lists every folder, and its types exist. CONTRIBUTING.md names existing files and types."""

import functools
import re
from pathlib import Path

import pytest

from .documents import REPOSITORY, name, page, spans

PAGE = page("architecture")
CONTRIBUTING = REPOSITORY / "CONTRIBUTING.md"
ENVIRONMENT = {"STS_TEST_DEADLINE"}


@functools.cache
def words() -> set[str]:
    """The words of all Swift files, and the names of their folders."""
    files = [file for folder in ("Sources", "Tests", "Examples") for file in (REPOSITORY / folder).rglob("*.swift")]
    text = "\n".join(file.read_text() for file in [*files, REPOSITORY / "Package.swift"])
    return set(re.findall(r"\w+", text)) | {folder for file in files for folder in file.parts}


def unknown(text: str) -> list[str]:
    """The parts of a type or member that no Swift file contains, such as `KeyRing.nextStep(at:)`."""
    if text.endswith(".swift") or not re.fullmatch(r"[A-Z]\w+(\.\w+)*(\(.*\))?", text):
        return []
    return [word for word in re.findall(r"\w+", text.partition("(")[0]) if word not in words()]


def missing_file(text: str) -> bool:
    """Whether the text is a path or the name of a Swift file that does not exist."""
    if text.startswith(("Sources/", "Tests/", "docs/", "deploy/", "scripts/", "Benchmarks/", "Examples/")):
        return not (REPOSITORY / text).exists()
    return text.endswith(".swift") and not any(REPOSITORY.glob(text)) and not any(swift_files(text))


def swift_files(pattern: str) -> list[Path]:
    return [file for root in ("Sources", "Tests") for file in (REPOSITORY / root).rglob(pattern)]


@pytest.mark.parametrize("source", [PAGE, CONTRIBUTING], ids=name)
def test_types_and_files_exist(source: Path) -> None:
    wrong = [
        f"line {line}: {text}"
        for line, text in spans(source)
        if text not in ENVIRONMENT and "…" not in text and (unknown(text) or missing_file(text))
    ]
    assert wrong == []


@pytest.mark.parametrize("target", ["Core", "Server"])
def test_every_folder_of_a_target_has_a_row(target: str) -> None:
    section = PAGE.read_text().partition(f"### `Sources/Gateway/{target}`")[2].partition("\n### ")[0]
    listed = set(re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE))
    folders = {folder.name for folder in (REPOSITORY / "Sources/Gateway" / target).iterdir() if any(folder.glob("*.swift"))}
    assert listed == folders


def test_every_other_folder_is_listed() -> None:
    text = PAGE.read_text()
    folders = [
        folder.relative_to(REPOSITORY).as_posix()
        for parent in ("Sources/Gateway", "Sources/Plugins", "Tests", "deploy")
        for folder in sorted((REPOSITORY / parent).iterdir())
        if folder.is_dir() and not folder.name.startswith((".", "__"))
    ]
    assert [folder for folder in folders if f"`{folder}" not in text] == []


def test_an_unknown_name_is_found() -> None:
    assert unknown("CopyOfNothing.nextStep(at:)") == ["CopyOfNothing"] and not unknown("KeyRing.nextStep(at:)")
    assert missing_file("Sources/Nothing") and missing_file("Nothing.swift") and not missing_file("Route.swift")
