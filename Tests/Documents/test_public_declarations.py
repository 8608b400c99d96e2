"""Every public declaration of the libraries has a doc comment."""

import json
import re
import subprocess
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
LIBRARIES = ("GatewayPluginAPI", "GatewayPluginTesting", "JOSE", "JSON", "Kubernetes", "KubernetesAPI")


def module_maps() -> list[str]:
    """The options for the C modules that the build has used."""
    options = re.findall(r'"(-fmodule-map-file=[^"]+)"', (REPOSITORY / ".build/debug.yaml").read_text())
    return [word for option in sorted(set(options)) for word in ["-Xcc", option]]


def undocumented(module: str, modules: Path, scratch: Path) -> list[str]:
    """The public declarations without a doc comment, each with its file and line; synthesized ones are left out."""
    info = subprocess.run(["swiftc", "-print-target-info"], check=True, capture_output=True, text=True).stdout
    subprocess.run(
        ["swift", "symbolgraph-extract", "-module-name", module, "-target", json.loads(info)["target"]["triple"]]
        + ["-I", str(modules), "-minimum-access-level", "public", "-skip-synthesized-members", *module_maps()]
        + ["-output-dir", str(scratch)],
        check=True,
    )
    found = []
    graphs = sorted(scratch.glob(f"{module}*.symbols.json"))
    assert graphs, f"symbolgraph-extract wrote nothing about {module}"
    for symbol in (symbol for graph in graphs for symbol in json.loads(graph.read_text())["symbols"]):
        if "docComment" not in symbol and "location" in symbol:
            file = symbol["location"]["uri"].removeprefix("file://").removeprefix(f"{REPOSITORY}/")
            line = symbol["location"]["position"]["line"] + 1
            found.append(f"{file}:{line}: {'.'.join(symbol['pathComponents'])}")
    return found


@pytest.mark.parametrize("library", LIBRARIES)
def test_every_public_declaration_has_a_doc_comment(library: str, tmp_path: Path) -> None:
    modules = REPOSITORY / ".build/debug/Modules"
    assert (modules / f"{library}.swiftmodule").exists(), "missing build; run: make build"
    missing = undocumented(library, modules, tmp_path)
    assert not missing, "write a doc comment for:\n" + "\n".join(missing)


def test_a_declaration_without_a_doc_comment_is_found(tmp_path: Path) -> None:
    source = tmp_path / "Tried.swift"
    source.write_text(
        "/// Documented.\npublic struct Whole {\n    public var member = 1\n    /// Documented.\n    public init() {}\n"
        "    var hidden = 2\n}\npublic enum Choice { case one }\nextension Int { public var doubled: Int { self * 2 } }\n"
    )
    subprocess.run(
        ["swiftc", "-emit-module", "-module-name", "Tried", "-parse-as-library", "-o"]
        + [str(tmp_path / "Tried.swiftmodule"), str(source)],
        check=True,
        cwd=tmp_path,
    )
    names = {line.rsplit(": ", 1)[1] for line in undocumented("Tried", tmp_path, tmp_path)}
    assert names == {"Whole.member", "Choice", "Choice.one", "Int.doubled"}
