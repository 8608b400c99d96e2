"""A link to another page, or to a heading, leads there."""

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


def test_the_readme_leads_to_every_page_for_operators() -> None:
    targets = {target.partition("#")[0] for _, target in links(PAGES[0].parent / "README.md")}
    assert {f"docs/{stem}.md" for stem in OPERATORS} | {"SECURITY.md"} <= targets


@pytest.mark.parametrize("source", [*map(page, OPERATORS), PAGES[0].parent / "SECURITY.md"], ids=name)
def test_lines_are_120_columns_at_most_but_for_tables_and_headings(source: Path) -> None:
    long = [
        number
        for number, line in enumerate(prose(source).split("\n"), 1)
        if len(line) > 120 and not line.startswith(("|", "#"))
    ]
    assert long == []


@pytest.mark.parametrize("source", PAGES, ids=name)
def test_no_heading_is_there_twice_with_one_name(source: Path) -> None:
    texts = [text for _, _, text in headings(source)]
    assert len(texts) == len(set(texts))
