"""The Swift packages that the gateway is built from."""

import json
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, order=True)
class SwiftPackage:
    identity: str
    version: str
    revision: str
    location: str
    license: str
    """An SPDX license expression, or NOASSERTION."""
    texts: tuple[tuple[str, bytes], ...]
    """LICENSE and NOTICE files by name."""


def swift_packages(resolved: Path, checkouts: Path) -> list[SwiftPackage]:
    """The packages of Package.resolved, with the licenses of their checkouts."""
    found = []
    for pin in json.loads(resolved.read_text())["pins"]:
        folder = checkouts / pin["location"].rstrip("/").rpartition("/")[2].removesuffix(".git")
        files = sorted(file for file in folder.glob("*") if file.stem in ("LICENSE", "NOTICE"))
        texts = tuple((file.name, file.read_bytes()) for file in files)
        state = pin["state"]
        version = state.get("version") or state["revision"]
        license = license_of(texts)
        found.append(
            SwiftPackage(pin["identity"], version, state["revision"], pin["location"], license, texts)
        )
    return sorted(found)


def license_of(texts: tuple[tuple[str, bytes], ...]) -> str:
    """Recognizes the licenses that occur; any other one is NOASSERTION."""
    text = b"".join(content for name, content in texts if name.startswith("LICENSE"))
    exception = b"Runtime Library Exception" in text
    if b"Apache License" in text and b"Version 2.0" in text:
        return "Apache-2.0 WITH Swift-exception" if exception else "Apache-2.0"
    return "MIT" if b"Permission is hereby granted, free of charge" in text else "NOASSERTION"
