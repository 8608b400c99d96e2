"""The texts that a page quotes are in the sources."""

import functools
import re
from pathlib import Path

import pytest

from .documents import OPERATORS, REPOSITORY, headings, name, page, spans

COMMANDS = ("kubectl", "helm", "sts-gateway", "curl", "aws", "make", "gateway", "POD_NAMESPACE=sts")
TROUBLESHOOTING = page("troubleshooting")


@functools.cache
def sources(*folders: str) -> str:
    """The sources with string literals as they are printed: concatenated parts are joined."""
    texts = []
    for folder in folders:
        for file in sorted((REPOSITORY / folder).rglob("*")):
            if file.suffix in (".swift", ".py"):
                text = file.read_text()
                text = re.sub(r'"#*\s*\+\s*#*"', "", text)
                # The value of a constant.
                text = text.replace(r"\(InjectedNames.sidecar)", "sts-sidecar")
                texts.append(text.replace(r"\"", '"').replace(r"\\", "\\"))
    return "\n".join(texts)


def parts(text: str) -> list[str]:
    """The constant parts of a quoted text. The sources add the expected form to "expected"."""
    return [part for part in (one.strip(' ":;()') for one in re.split("…|expected ", text)) if len(part) > 2]


def missing(text: str, *folders: str) -> list[str]:
    corpus = sources(*folders)
    return [part for part in parts(text) if part not in corpus]


QUOTED = [
    (line, span)
    for line, level, text in headings(TROUBLESHOOTING)
    if level == 3 and text.startswith("`")
    for span in re.findall(r"`([^`]+)`", text)
]


@pytest.mark.parametrize(("line", "text"), QUOTED, ids=[f"line-{line}" for line, _ in QUOTED])
def test_a_text_in_a_heading_is_in_the_sources(line: int, text: str) -> None:
    assert parts(text), "no constant part"
    assert missing(text, "Sources") == []


AWS = [
    span
    for _, _, text in headings(TROUBLESHOOTING)
    if text.startswith("AWS: ")
    for span in re.findall(r"`([^`]+)`", text)
]


@pytest.mark.parametrize("text", AWS)
def test_an_error_of_aws_is_in_the_plugin_or_the_strict_sts(text: str) -> None:
    assert missing(text, "Sources/Plugins", "Tests/Peers") == []


@pytest.mark.parametrize("source", [page(stem) for stem in OPERATORS], ids=name)
def test_texts_in_sentences_are_in_the_sources(source: Path) -> None:
    headed = {line for line, _, _ in headings(source)}
    wrong = [
        f"line {line}: {text}"
        for line, text in spans(source)
        if line not in headed and len(text.split()) >= 4 and not text.startswith((*COMMANDS, "{", "admission webhook"))
        if missing(text, "Sources", "Tests/Peers")
    ]
    assert wrong == []


@pytest.mark.parametrize("code", sorted(set(re.findall(r"`([A-Z][a-z]+[A-Z]\w+)`", TROUBLESHOOTING.read_text()))))
def test_an_error_code_or_kind_is_in_the_sources(code: str) -> None:
    assert code in sources("Sources")


def test_an_invented_text_is_found() -> None:
    assert missing("the gateway responded with …", "Sources") == []
    assert missing("the gateway shrugged …", "Sources") == ["the gateway shrugged"]


def test_the_page_has_entries_for_every_part() -> None:
    assert len(QUOTED) > 80 and len(AWS) > 6
