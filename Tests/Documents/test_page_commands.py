"""The commands of the pages exist, with known options and all required ones."""

import functools
import re
import shlex
from pathlib import Path

import child_process
import pytest

from .documents import PAGES, REPOSITORY, commands, name, spans

ENDS = {"|", "||", "&&", ";", ">", ">>", "2>", "&"}


def invocations(line: str, program: str) -> list[list[str]]:
    """The arguments of each call of a program in a shell line."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars="|&;<>")
    lexer.whitespace_split = True
    try:
        words = list(lexer)
    except ValueError:
        return []
    found: list[list[str]] = []
    is_start = True
    for index, word in enumerate(words):
        if is_start and word in (program, f"/{program}"):
            rest = words[index + 1 :]
            end = next((i for i, one in enumerate(rest) if one in ENDS), len(rest))
            found.append(rest[:end])
        # A command can be at the beginning, after assignments, after `--` of kubectl exec, and in a pipe.
        is_start = word in ENDS or word == "--" or (is_start and re.match(r"[A-Z_]+=", word) is not None)
    return found


@functools.cache
def help_of(program: Path, subcommand: tuple[str, ...]) -> str:
    done = child_process.run([program, *subcommand, "--help"])
    assert done.returncode == 0, done.stderr
    return done.stdout


def subcommand(program: Path, words: list[str]) -> tuple[str, ...]:
    """The words that are a subcommand, by the help of the program."""
    path: tuple[str, ...] = ()
    for word in words:
        listed = help_of(program, path).partition("SUBCOMMANDS:")[2]
        if not listed:
            break
        known = re.findall(r"^  ([a-z-]+)\s", listed, re.MULTILINE)
        if word.startswith("-"):
            break
        assert word in known, f"\"{' '.join([*path, word])}\" is an unknown command; expected {', '.join(known)}"
        path += (word,)
    return path


def problems(program: Path, words: list[str], *, is_whole: bool) -> list[str]:
    try:
        path = subcommand(program, words)
    except AssertionError as error:
        return [str(error)]
    text = help_of(program, path)
    known = set(re.findall(r"(?<![\w-])(--[a-z][a-z-]*|-[a-z])(?![\w-])", text.partition("OPTIONS:")[2]))
    if not path:
        # Of every program; the help does not list it.
        known.add("--generate-completion-script")
    given = {word.partition("=")[0] for word in words if re.match(r"--?[a-z]", word)}
    found = [f"{' '.join(path)} does not know {option}" for option in sorted(given - known)]
    usage = re.search(r"^USAGE: (.*)$", text, re.MULTILINE)
    assert usage
    needed = set(re.findall(r"--[a-z][a-z-]*", re.sub(r"\[[^\]]*\]", "", usage[1])))
    if "--filename" in needed and "-f" in given:
        needed.remove("--filename")
    if is_whole:
        found += [f"{' '.join(path)} needs {option}" for option in sorted(needed - given)]
    return found


def of_gateway(page: Path) -> list[tuple[int, list[str], bool]]:
    whole = [(line, words, True) for line, text in commands(page) for words in invocations(text, "sts-gateway")]
    parts = [
        (line, [word for word in words if word not in ("…", "...")], False)
        for line, text in spans(page)
        for words in invocations(text, "sts-gateway")
    ]
    return [one for one in whole + parts if one[1]]


@pytest.mark.parametrize("page", [page for page in PAGES if of_gateway(page)], ids=name)
def test_the_gateway_has_the_commands(page: Path, gateway: Path) -> None:
    wrong = [
        f"line {line}: {problem}"
        for line, words, is_whole in of_gateway(page)
        for problem in problems(gateway, words, is_whole=is_whole)
    ]
    assert wrong == []


@pytest.mark.parametrize(
    "page", [page for page in PAGES if any(invocations(text, "sts-sidecar") for _, text in commands(page))], ids=name
)
def test_the_sidecar_has_the_commands(page: Path, sidecar: Path) -> None:
    text = child_process.run([sidecar, "--help"]).stdout
    for line, command in commands(page):
        for words in invocations(command, "sts-sidecar"):
            assert words[0] in re.findall(r"^sts-sidecar (\w+)", text, re.MULTILINE), f"line {line}"
            options = {word.partition("=")[0] for word in words if word.startswith("--")}
            assert options <= set(re.findall(r"--[a-z-]+", text)), f"line {line}"


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_make_has_the_targets(page: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (REPOSITORY / "Makefile").read_text(), re.MULTILINE))
    within = [(line, text) for line, text in spans(page) if re.fullmatch(r"make [a-z-]+( [A-Z]+=\S+)?", text)]
    for line, command in [*commands(page), *within]:
        for words in invocations(command, "make"):
            wanted = {word for word in words if re.fullmatch(r"[a-z-]+", word)}
            assert wanted <= targets, f"line {line}: make has no {', '.join(sorted(wanted - targets))}"


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_files_in_commands_exist(page: Path) -> None:
    for line, command in commands(page):
        for path in re.findall(r"(?<![\w./-])(?:deploy|scripts|Tests|docs)/[\w./-]+", command):
            assert (REPOSITORY / path).exists(), f"line {line}: missing {path}"


def test_an_invalid_command_is_found(gateway: Path) -> None:
    def found(line: str) -> list[str]:
        return [one for words in invocations(line, "sts-gateway") for one in problems(gateway, words, is_whole=True)]

    assert found("sts-gateway keys status --config gateway.yaml") == []
    assert found("POD_NAMESPACE=sts kubectl exec x -- /sts-gateway keys status --confg g.yaml") == [
        "keys status does not know --confg",
        "keys status needs --config",
    ]
    assert len(found("cat x | sts-gateway doctr")) == 1
