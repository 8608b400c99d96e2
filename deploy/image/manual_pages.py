"""Shell completions and man pages of the gateway's commands, from the description that the program prints of itself."""

import json
import subprocess
from pathlib import Path
from typing import Any

SHELLS = {
    "bash": "usr/share/bash-completion/completions/sts-gateway",
    "zsh": "usr/share/zsh/vendor-completions/_sts-gateway",
    "fish": "usr/share/fish/vendor_completions.d/sts-gateway.fish",
}


def completions(program: Path) -> dict[str, bytes]:
    """The completion script of each shell, by its place."""
    return {
        place: subprocess.run(
            [program, "--generate-completion-script", shell], capture_output=True, check=True
        ).stdout
        for shell, place in SHELLS.items()
    }


def manual_pages(program: Path, version: str) -> dict[str, bytes]:
    """A page of section 1 for the program and for each of its commands, by its place."""
    dumped = subprocess.run([program, "--experimental-dump-help"], capture_output=True, check=True).stdout
    pages: dict[str, bytes] = {}
    add(json.loads(dumped)["command"], [], version, pages)
    return pages


def add(command: dict[str, Any], parents: list[str], version: str, pages: dict[str, bytes]) -> None:
    if command["commandName"] == "help":
        return
    names = [*parents, command["commandName"]]
    title = "-".join(names)
    subcommands = [one for one in command.get("subcommands", []) if one["commandName"] != "help"]
    lines = [
        f'.TH "{title.upper()}" "1" "" "sts-gateway {version}" "STS Gateway"',
        ".SH NAME", escaped(f"{title} - {command.get('abstract', '').rstrip('.')}"),
        ".SH SYNOPSIS", f".B {escaped(' '.join(names))}",
    ]  # fmt: skip
    shown = [argument for argument in command.get("arguments", []) if argument.get("shouldDisplay", True)]
    lines += [escaped(synopsis(argument)) for argument in shown]
    if subcommands:
        lines.append(escaped("COMMAND"))
    if text := command.get("discussion"):
        lines += [".SH DESCRIPTION", *map(escaped, text.splitlines())]
    if shown:
        lines.append(".SH OPTIONS")
    for argument in shown:
        text = argument.get("abstract", "")
        if default := argument.get("defaultValue"):
            text += f" (default: {default})"
        lines += [".TP", f".B {escaped(spelling(argument))}", escaped(text)]
    if subcommands:
        lines.append(".SH COMMANDS")
    for one in subcommands:
        lines += [".TP", f".B {escaped(' '.join([*names, one['commandName']]))}", escaped(one.get("abstract", ""))]
    # The place of the pages does not depend on the time of the build.
    pages[f"usr/share/man/man1/{title}.1"] = ("\n".join(line for line in lines if line) + "\n").encode()
    for one in subcommands:
        add(one, names, version, pages)


def spelling(argument: dict[str, Any]) -> str:
    value = f"<{argument.get('valueName', 'value')}>"
    if argument["kind"] == "positional":
        return value
    names = [("--" if name["kind"] == "long" else "-") + name["name"] for name in argument.get("names", [])]
    return ", ".join(names) + (f" {value}" if argument["kind"] == "option" else "")


def synopsis(argument: dict[str, Any]) -> str:
    text = spelling(argument).split(", ")[-1]
    repeated = " ..." if argument.get("isRepeating") else ""
    return f"[{text}{repeated}]" if argument.get("isOptional") else text + repeated


def escaped(text: str) -> str:
    """The text without what roff would take for a request or an escape."""
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return f"\\&{text}" if text.startswith((".", "'")) else text
