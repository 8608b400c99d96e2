"""Clocks that are wrong.

libfaketime does not work: with it a Swift program sees no arguments.
"""

import shutil
import subprocess

from built_programs import REPOSITORY

from .stage import Gateway

COMPILER = shutil.which("clang") or shutil.which("cc")


def shift(gateway: Gateway, days: float) -> None:
    """Sets the clock of the next processes; the monotonic clock stays."""
    library = gateway.folder / "shifted_clock.so"
    if not library.exists():
        source = REPOSITORY / "Tests/Peers/shifted_clock.c"
        subprocess.run([str(COMPILER), "-shared", "-fPIC", "-o", library, source], check=True)
    for name in ["LD_PRELOAD", "CLOCK_OFFSET"]:
        gateway.more.pop(name, None)
    if days:
        gateway.more |= {"LD_PRELOAD": str(library), "CLOCK_OFFSET": str(round(days * 86_400))}
