"""The first section of the changelog, the programs, the chart and the Containerfile have the same version."""

import re

import yaml

from .documents import REPOSITORY

SECTIONS = re.findall(r"^## (\S+)$", (REPOSITORY / "CHANGELOG.md").read_text(), re.MULTILINE)


def swift_version(file: str) -> str:
    found = re.search(r'"(\d+\.\d+\.\d+)"', (REPOSITORY / file).read_text())
    assert found, f"{file} has no version"
    return found[1]


def test_the_sections_are_releases_the_newest_first() -> None:
    numbers = [tuple(int(part) for part in section.split(".")) for section in SECTIONS]
    assert len(numbers) >= 2 and all(len(number) == 3 for number in numbers)
    assert numbers == sorted(set(numbers), reverse=True)


def test_programs_and_chart_have_the_version_of_the_first_section() -> None:
    chart = yaml.safe_load((REPOSITORY / "deploy/helm/sts-gateway/Chart.yaml").read_text())
    assert {
        "sts-gateway": swift_version("Sources/Gateway/App/GatewayVersion.swift"),
        "sts-sidecar": swift_version("Sources/Sidecar/Program/SidecarVersion.swift"),
        "sts-node": swift_version("Sources/NodeDriver/Program/Node/NodeVersion.swift"),
        "chart": chart["version"],
        "images": chart["appVersion"],
    } == dict.fromkeys(["sts-gateway", "sts-sidecar", "sts-node", "chart", "images"], SECTIONS[0])


def test_pages_have_no_other_version_of_the_images() -> None:
    pages = [*(REPOSITORY / "docs").rglob("*.md"), REPOSITORY / "deploy/image/Containerfile"]
    named = {
        found
        for page in pages
        for found in re.findall(r"sts-(?:gateway|sidecar)[:-](\d+\.\d+\.\d+)", page.read_text())
    }
    assert named == {SECTIONS[0]}
