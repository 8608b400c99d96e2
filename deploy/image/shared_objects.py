"""The shared objects that a program is started with."""

import re
import subprocess
from pathlib import Path


def shared_objects(program: Path) -> dict[str, Path]:
    """What `ldd` names, the dynamic loader too: where the program looks for it, and the file that is there now.

    A place that only this machine has, such as the toolchain's own, is an error: the program would not find it.
    """
    listed = subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout
    found: dict[str, Path] = {}
    for line in listed.splitlines():
        if match := re.fullmatch(r"\s*(?:\S+ => )?(/\S+) \(0x[0-9a-f]+\)", line):
            place = match[1]
            if not place.startswith(("/lib/", "/lib64/", "/usr/lib/")):
                raise SystemExit(f"build-image: {program} wants {place}; link it with --static-swift-stdlib")
            found[place] = Path(place).resolve(strict=True)
        elif "linux-vdso.so" not in line:
            raise SystemExit(f'build-image: ldd {program} says "{line.strip()}"; install what is missing')
    return found
