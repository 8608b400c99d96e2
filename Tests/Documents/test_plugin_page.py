"""The Swift code in docs/writing-a-plugin.md is code of Examples/granary, which `make test` builds."""

import pytest

from .documents import REPOSITORY, Block, blocks, page

SWIFT = [block for block in blocks("swift") if block.page == page("writing-a-plugin")]
EXAMPLE = {file: file.read_text() for file in sorted((REPOSITORY / "Examples/granary").rglob("*.swift"))}


def is_part_of_the_example(text: str) -> bool:
    return any(text in source for source in EXAMPLE.values())


@pytest.mark.parametrize("block", SWIFT, ids=str)
def test_a_block_is_in_the_example(block: Block) -> None:
    assert is_part_of_the_example(block.text), "copy the lines from a file in Examples/granary"


def test_the_page_shows_the_example() -> None:
    assert len(SWIFT) > 5
    assert not is_part_of_the_example("let unknown = 1\n")


def test_the_page_lists_the_places_that_a_new_plugin_is_added_to() -> None:
    script = (REPOSITORY / "scripts/new-plugin").read_text()
    text = page("writing-a-plugin").read_text()
    changed = ["Package.swift", "plugins.json", "Sources/Gateway/Main/BuiltInPlugins.swift"]
    changed += [f"deploy/helm/sts-gateway/{file}" for file in ("values.yaml", "templates/_plugins.tpl")]
    for place in changed:
        assert (REPOSITORY / place).exists() and place.removeprefix("deploy/helm/sts-gateway/") in script
        assert f"| `{place}`" in text
    written = 'Package.swift plugins.json "$built_in" "$chart/values.yaml" "$chart/templates/_plugins.tpl"'
    assert f"for file in {written}; do" in script
