"""Links to other pages and to headings have a target."""

from pathlib import Path

import pytest

from .documents import OPERATORS, PAGES, anchors, headings, links, name, page, prose


@pytest.mark.parametrize("source", PAGES, ids=name)
def test_links_resolve(source: Path) -> None:
    wrong = []
    for line, target in links(source):
        path, _, anchor = target.partition("#")
        file = (source.parent / path).resolve() if path else source
        if not file.exists():
            wrong.append(f"line {line}: there is no {target}")
        elif anchor and anchor not in anchors(file):
            wrong.append(f"line {line}: {path or 'the page'} has no heading for #{anchor}")
    assert wrong == []


def test_the_readme_links_every_page_for_operators() -> None:
    targets = {target.partition("#")[0] for _, target in links(PAGES[0].parent / "README.md")}
    assert {f"docs/{stem}.md" for stem in OPERATORS} | {"SECURITY.md"} <= targets


@pytest.mark.parametrize("source", [*map(page, OPERATORS), PAGES[0].parent / "SECURITY.md"], ids=name)
def test_lines_except_tables_and_headings_have_at_most_120_columns(source: Path) -> None:
    long = [
        number
        for number, line in enumerate(prose(source).split("\n"), 1)
        if len(line) > 120 and not line.startswith(("|", "#"))
    ]
    assert long == []


@pytest.mark.parametrize("source", PAGES, ids=name)
def test_headings_are_unique(source: Path) -> None:
    texts = [text for _, _, text in headings(source)]
    assert len(texts) == len(set(texts))
