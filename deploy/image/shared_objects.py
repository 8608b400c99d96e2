"""The shared objects that the dynamic loader loads for a program."""

import re
import subprocess
from pathlib import Path


def shared_objects(program: Path) -> dict[str, Path]:
    """The output of `ldd`, including the dynamic loader: the path that the program uses, and the real file.

    A path that exists only on this machine, such as one of the toolchain, is an error, since the image does not have it.
    """
    listed = subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout
    found: dict[str, Path] = {}
    for line in listed.splitlines():
        if match := re.fullmatch(r"\s*(?:\S+ => )?(/\S+) \(0x[0-9a-f]+\)", line):
            place = match[1]
            if not place.startswith(("/lib/", "/lib64/", "/usr/lib/")):
                raise SystemExit(f"build-image: {program} needs {place}; link it with --static-swift-stdlib")
            if Path(place).name.startswith("libicu"):
                raise SystemExit(f"build-image: {program} needs {place}, and ICU is not in the image; see scripts/build-image")
            found[place] = Path(place).resolve(strict=True)
        elif "linux-vdso.so" not in line:
            raise SystemExit(f'build-image: ldd {program}: "{line.strip()}"; install the missing library')
    return found
