"""Every stable code of the sources has a section in the troubleshooting page, and the other way around."""

import re
from collections.abc import Iterator

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


def calls(text: str, pattern: str) -> Iterator[str]:
    """The calls whose beginning, up to the parenthesis, matches the pattern."""
    for match in re.finditer(pattern, text):
        depth, end = 1, match.end()
        while depth and end < len(text):
            depth += {"(": 1, ")": -1}.get(text[end], 0)
            end += 1
        yield " ".join(text[match.start() : end].split())


def test_a_warning_or_error_of_the_log_has_a_code() -> None:
    found = 0
    for file, text in SOURCES.items():
        if file.relative_to(REPOSITORY / "Sources").parts[1] not in {"Core", "Server", "App", "Main"}:
            continue  # The handler of the log adds one.
        for call in calls(text, r"\blogger\.(?:warning|error|critical)\("):
            found += 1
            named = re.search(r"metadata: (?:Self\.)?(\w+)", call)
            # The call has the code, or the metadata that is made in the same file.
            makes = named and re.search(rf"{named[1]}[^\n]*\n?[^\n]*\[\"code\"\] = |\"code\": ", text)
            assert '"code"' in call or makes, f"{file}: {call}"
    assert found >= 20, "the calls are found"


#: What is printed on standard error beside errors with codes.
REMARKS = (
    'String(lines[1])',  # the usage below an error
    'error\\(count == 1',  # how many errors were printed
    'warning: \\(warning)',  # what the webhook warns of, as kubectl prints it
    'run the same command again',  # below an error
    'Terminal.printable(',  # the caller adds the code
)


def test_an_error_of_a_command_has_a_code() -> None:
    found = 0
    for file, text in SOURCES.items():
        if "Sources/Gateway/App" not in str(file):
            continue
        for call in calls(text, r"\b(?:Terminal|output)\.error\("):
            found += 1
            coded = re.search(r", .*\.\w+ ?\)$|\bcode\b|\.text\(file: |\(failure\)", call)
            assert coded or any(remark in call for remark in REMARKS), f"{file}: {call}"
    assert found >= 30, "the calls are found"


@pytest.mark.parametrize("code", DOCUMENTED)
def test_a_code_has_a_cause_and_what_to_do(code: str) -> None:
    section = TROUBLESHOOTING.read_text().split(f"### {code}\n", 1)[1].split("\n#", 1)[0].split("\n**", 1)[0]
    assert len(section.split()) >= 6


def test_the_links_to_codes_lead_to_a_section() -> None:
    links = re.findall(r"\(#(sts\d{4})\)", TROUBLESHOOTING.read_text())
    assert links and set(links) <= {code.lower() for code in DOCUMENTED}
