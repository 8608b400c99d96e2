"""Every stable code of the sources has a section in the troubleshooting page, and the other way around."""

import re

import pytest

from .documents import REPOSITORY, headings, page

TROUBLESHOOTING = page("troubleshooting")
DECLARATION = re.compile(r'case (\w+) = "(STS\d{4})"')
SOURCES = {file: file.read_text() for file in sorted((REPOSITORY / "Sources").rglob("*.swift"))}
DECLARED = [(code, name, file) for file, text in SOURCES.items() for name, code in DECLARATION.findall(text)]
DOCUMENTED = [text for _, level, text in headings(TROUBLESHOOTING) if level == 3 and re.fullmatch(r"STS\d{4}", text)]


def test_the_codes_of_the_sources_are_those_of_the_page() -> None:
    codes = [code for code, _, _ in DECLARED]
    assert len(codes) >= 60, "the declarations are found"
    assert len(set(codes)) == len(codes), "a code is declared once"
    assert len(set(DOCUMENTED)) == len(DOCUMENTED), "a code is documented once"
    assert set(codes) == set(DOCUMENTED)


def test_a_code_is_written_in_its_declaration_only() -> None:
    for file, text in SOURCES.items():
        literals = re.findall(r'"[^"\n]*\b(STS\d{4})[^"\n]*"', re.sub(r"^\s*///?.*$", "", text, flags=re.M))
        declared = [code for code, _, where in DECLARED if where == file]
        assert sorted(literals) == sorted(declared), file


@pytest.mark.parametrize(("code", "name", "file"), DECLARED, ids=[code for code, _, _ in DECLARED])
def test_a_code_is_reported_by_the_sources(code: str, name: str, file: object) -> None:
    others = "\n".join(text for where, text in SOURCES.items() if where != file)
    own = DECLARATION.sub("", SOURCES[file])  # type: ignore[index]
    assert re.search(rf"\.{name}\b", others + own), f"{code} is declared and never used"


@pytest.mark.parametrize("code", DOCUMENTED)
def test_a_code_has_a_cause_and_what_to_do(code: str) -> None:
    section = TROUBLESHOOTING.read_text().split(f"### {code}\n", 1)[1].split("\n#", 1)[0].split("\n**", 1)[0]
    assert len(section.split()) >= 6


def test_the_links_to_codes_lead_to_a_section() -> None:
    links = re.findall(r"\(#(sts\d{4})\)", TROUBLESHOOTING.read_text())
    assert links and set(links) <= {code.lower() for code in DOCUMENTED}
