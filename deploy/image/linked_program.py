"""Checks of the gateway's program before its symbols are removed."""

import re
import subprocess
import tempfile
from pathlib import Path

FOUNDATION = re.compile(r"(?<!\d)10Foundation")
"""The module Foundation in mangled names. FoundationEssentials is another module."""


def require_no_foundation(program: Path) -> None:
    """Exits if Foundation is linked: it brings ICU and its data, about 40 MB. Needs the symbols of the program."""
    names = subprocess.run(["nm", program], capture_output=True, text=True, check=True).stdout.split("\n")
    if not any("$s" in name for name in names):
        raise SystemExit(f"build-image: {program} has no symbols; link it without -s")
    found = [name.split()[-1] for name in names if "$s" in name and FOUNDATION.search(name)]
    if found:
        raise SystemExit(
            f"build-image: {program} contains Foundation ({len(found)} symbols, such as {found[0]}); "
            "import FoundationEssentials, and check which package imports Foundation"
        )


def stripped(program: Path) -> bytes:
    """The program without symbols."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / program.name
        subprocess.run(["strip", "-o", file, program], check=True)
        return file.read_bytes()
