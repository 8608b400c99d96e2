"""Parses the pages: code blocks, commands, links, headings, code spans."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
PAGES = sorted(
    [*REPOSITORY.glob("docs/**/*.md"), REPOSITORY / "README.md", REPOSITORY / "SECURITY.md"],
    key=lambda page: page.relative_to(REPOSITORY).as_posix(),
)
OPERATORS = ["install", "aws", "migrating-from-openunison", "operations", "threat-model", "troubleshooting"]
"""Pages for operators, in which every name is checked."""

_FENCE = re.compile(
    r"^(?P<indent> *)```(?P<language>\w*)[^\n]*\n(?P<text>.*?)^(?P=indent)```$", re.MULTILINE | re.DOTALL
)
_SPAN = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
_LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")


@dataclass(frozen=True)
class Block:
    """A fenced block of code."""

    page: Path
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{name(self.page)}:{self.line}"


def name(page: Path) -> str:
    return page.relative_to(REPOSITORY).as_posix()


def page(stem: str) -> Path:
    return REPOSITORY / f"docs/{stem}.md"


def blocks(*languages: str) -> list[Block]:
    """The fenced blocks of all pages."""
    return [
        Block(page, text.count("\n", 0, found.start()) + 1, found["language"], found["text"])
        for page, text in ((page, page.read_text()) for page in PAGES)
        for found in _FENCE.finditer(text)
        if found["language"] in languages
    ]


def prose(page: Path) -> str:
    """The text without fenced and indented code, with the same number of lines as the page."""
    text = _FENCE.sub(lambda found: "\n" * found[0].count("\n"), page.read_text())
    lines = text.split("\n")
    code = {number for number, _ in indented(page)}
    return "\n".join("" if number in code else line for number, line in enumerate(lines, 1))


def indented(page: Path) -> list[tuple[int, str]]:
    """The lines of indented code (four columns, or more in a list), with their numbers."""
    text = _FENCE.sub(lambda found: "\n" * found[0].count("\n"), page.read_text())
    lines: list[tuple[int, str]] = []
    is_code, is_after_blank, needed = False, True, 4
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            is_after_blank = True
            continue
        if re.match(r"(\d+\.|[-*]) ", line):
            needed = 7 if line[0].isdigit() else 6
        elif not line.startswith(" "):
            needed = 4
        is_code = line.startswith(" " * needed) and (is_code or is_after_blank)
        is_after_blank = False
        if is_code:
            lines.append((number, line[needed:]))
    return lines


def commands(page: Path) -> Iterator[tuple[int, str]]:
    """The logical shell lines of indented and `sh` code: continued lines are joined, comments removed."""
    lines = indented(page)
    for block in blocks("sh"):
        if block.page == page:
            lines += [(block.line + 1 + offset, line) for offset, line in enumerate(block.text.split("\n"))]
    start, text = 0, ""
    for number, line in lines:
        start = start or number
        if line.endswith("\\"):
            text += line[:-1] + " "
            continue
        yield start, re.sub(r"\s+#\s.*$", "", text + line).removeprefix("$ ")
        start, text = 0, ""


def spans(page: Path) -> list[tuple[int, str]]:
    """The code spans of text and headings, with their lines."""
    return [
        (number, span) for number, line in enumerate(prose(page).split("\n"), 1) for span in _SPAN.findall(line)
    ]


def links(page: Path) -> list[tuple[int, str]]:
    """The targets of links that are not URLs, with their lines."""
    return [
        (number, target)
        for number, line in enumerate(prose(page).split("\n"), 1)
        for target in _LINK.findall(_SPAN.sub("", line))
        if not re.match(r"[a-z]+:", target)
    ]


def headings(page: Path) -> list[tuple[int, int, str]]:
    """The line, level and text of each heading."""
    return [
        (number, len(found[1]), found[2])
        for number, line in enumerate(prose(page).split("\n"), 1)
        if (found := re.match(r"(#+) (.*)$", line))
    ]


def anchors(page: Path) -> set[str]:
    """The anchors of the page's headings, as GitHub makes them."""
    made: set[str] = set()
    for _, _, text in headings(page):
        text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text).strip().lower()
        slug = re.sub(r"[^\w\- ]", "", text).replace(" ", "-")
        count = 0
        while (unique := f"{slug}-{count}" if count else slug) in made:
            count += 1
        made.add(unique)
    return made
