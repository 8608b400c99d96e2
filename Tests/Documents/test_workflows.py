"""The workflows of .github: well-formed, with least rights, and with pinned actions."""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from .documents import REPOSITORY

FILES = sorted((REPOSITORY / ".github/workflows").glob("*.yml"))
RELEASE_NOTES = REPOSITORY / "scripts/release-notes"


def jobs(file: Path) -> dict[str, dict[str, Any]]:
    return yaml.safe_load(file.read_text())["jobs"]


def scripts(file: Path) -> list[str]:
    return [step["run"] for job in jobs(file).values() for step in job["steps"] if "run" in step]


def test_there_are_two() -> None:
    assert [file.name for file in FILES] == ["ci.yml", "release.yml"]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_it_follows_the_schema_of_workflows(file: Path) -> None:
    checked = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows", file],
        capture_output=True, text=True,
    )  # fmt: skip
    assert checked.returncode == 0, checked.stdout + checked.stderr


def lint(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs scripts/workflow-lint in a copy, with the programs of that folder and the system's."""
    (folder / "scripts").mkdir(parents=True, exist_ok=True)
    shutil.copytree(REPOSITORY / ".github", folder / ".github", dirs_exist_ok=True)
    shutil.copy(REPOSITORY / "scripts/workflow-lint", folder / "scripts")
    return subprocess.run(
        [folder / "scripts/workflow-lint"], capture_output=True, text=True,
        env={"PATH": f"{folder}:/usr/bin:/bin", **environment},
    )  # fmt: skip


def test_the_check_runs_actionlint_on_every_workflow(tmp_path: Path) -> None:
    assert re.search(r"^check:.*\n(\t.*\n)*\tscripts/workflow-lint$", (REPOSITORY / "Makefile").read_text(), re.MULTILINE)
    program = tmp_path / "actionlint"
    program.write_text('#!/bin/sh\necho "$@"\nexit 3\n')
    program.chmod(0o755)
    checked = lint(tmp_path)
    assert checked.returncode == 3 and all(f".github/workflows/{file.name}" in checked.stdout for file in FILES)


@pytest.mark.skipif(shutil.which("actionlint", path="/usr/bin:/bin") is not None, reason="actionlint is installed")
def test_without_actionlint_the_check_fails_in_actions_only(tmp_path: Path) -> None:
    assert lint(tmp_path).returncode == 0 and "scripts/install-tools" in lint(tmp_path).stderr
    assert lint(tmp_path, GITHUB_ACTIONS="true").returncode == 1


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_actions_are_pinned_by_commit_with_their_version_beside(file: Path) -> None:
    uses = re.findall(r"uses: *(.*)", file.read_text())
    assert uses and [one for one in uses if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", one)] == []


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_the_token_has_the_least_rights(file: Path) -> None:
    assert yaml.safe_load(file.read_text())["permissions"] == {"contents": "read"}
    rights = {name: job["permissions"] for name, job in jobs(file).items() if "permissions" in job}
    publish = {"contents": "write", "packages": "write", "id-token": "write", "attestations": "write"}
    assert rights == ({"publish": publish} if file.name == "release.yml" else {})
    for job in jobs(file).values():
        for step in job["steps"]:
            if step.get("uses", "").startswith("actions/checkout@"):
                assert step["with"]["persist-credentials"] is False


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_each_job_ends(file: Path) -> None:
    assert all(job["timeout-minutes"] <= 120 for job in jobs(file).values())


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_scripts_parse_and_contain_no_expression(file: Path) -> None:
    for script in scripts(file):
        assert "${{" not in script, "an expression is pasted into the script; use env"
        parsed = subprocess.run(["bash", "-n"], input=script, capture_output=True, text=True)
        assert parsed.returncode == 0, parsed.stderr
        for program in re.findall(r"(?<![\w/.-])scripts/[\w-]+", script):
            assert (REPOSITORY / program).is_file(), program
        for target in re.findall(r"^make (\w+)$", script, re.MULTILINE):
            assert re.search(rf"^{target}:", (REPOSITORY / "Makefile").read_text(), re.MULTILINE), target


def test_swift_is_the_containerfiles() -> None:
    (image,) = re.findall(r"^ARG SWIFT=(\S+)$", (REPOSITORY / "deploy/image/Containerfile").read_text(), re.MULTILINE)
    for file in FILES:
        containers = [job["container"] for job in jobs(file).values() if "container" in job]
        assert {one if isinstance(one, str) else one["image"] for one in containers} == {image}


def notes(version: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([RELEASE_NOTES, version], capture_output=True, text=True)


def test_release_notes_are_the_newest_section() -> None:
    newest, older = re.findall(r"^## (\S+)$", (REPOSITORY / "CHANGELOG.md").read_text(), re.MULTILINE)[:2]
    printed = notes(newest)
    assert printed.returncode == 0 and "### Upgrade notes" in printed.stdout and "\n## " not in printed.stdout
    rejected = notes(older)
    assert rejected.returncode == 1 and f"is {newest}, not {older}" in rejected.stderr
