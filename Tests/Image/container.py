"""Containers of an image without a container runtime: enter.py in new namespaces, as the image's config says."""

import contextlib
import json
import os
import shutil
import signal
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import CompletedProcess, Popen

import child_process
from layout import Archive
from processes import descendants
from waiting import DEADLINE, until

ENTER = Path(__file__).with_name("enter.py")
NONROOT = 65532
ANY_OTHER = 1000870000
"""As OpenShift gives them out; the group is 0 there."""


@dataclass
class Container:
    """A root of its own with the image's files, read-only; volumes lie over it."""

    archive: Archive
    folder: Path
    user: int = NONROOT
    group: int = NONROOT
    volumes: dict[str, tuple[Path, bool]] = field(default_factory=dict)
    """By their place in the container: where they come from, and whether they may be written."""

    def prepare(self) -> "Container":
        """Unpacks the image, or links what a neighbour has unpacked."""
        unpacked = self.folder.parent / f"unpacked-{self.archive.digest[7:19]}"
        if not unpacked.exists():
            self.archive.extract(unpacked)
        shutil.copytree(unpacked, self.root, copy_function=os.link)
        return self

    @property
    def root(self) -> Path:
        return self.folder / "root"

    def add_volume(self, place: str, source: Path, is_writable: bool = False) -> None:
        """Whatever is to be written belongs to the container's user."""
        self.volumes[place] = (source, is_writable)
        target = self.root / place.removeprefix("/")
        if is_writable:
            os.chown(source, self.user, self.group)
        if source.is_dir():
            target.mkdir(parents=True, exist_ok=True)
        elif not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            target.touch()

    def command(self, *arguments: str, began: Path | None = None, **environment: str) -> list[str]:
        """A command line that runs the entrypoint with these arguments; `began` is a pipe to write the moment to."""
        image = self.archive.container
        given = dict(pair.split("=", 1) for pair in image.get("Env", []))
        spec = {
            "root": str(self.root), "entrypoint": image["Entrypoint"][0], "folder": image["WorkingDir"],
            "user": self.user, "group": self.group, "environment": {**given, **environment},
            "began": str(began) if began else "",
            "volumes": {place: (str(source), writable) for place, (source, writable) in self.volumes.items()},
        }  # fmt: skip
        file = self.folder / f"spec-{time.monotonic_ns()}.json"
        file.write_text(json.dumps(spec))
        return ["unshare", "--mount", "--pid", "--fork", "--kill-child", sys.executable, str(ENTER), str(file), *arguments]

    def run(self, *arguments: str, **environment: str) -> CompletedProcess[str]:
        """To its end."""
        return child_process.run(self.command(*arguments, **environment))


def first_process(unshare: Popen[bytes]) -> int:
    """The container's process 1, by its number out here."""
    found = until(lambda: unshare.poll() is not None or descendants(unshare.pid), "the container's process")
    assert found is not True, "the container has ended"
    return found[0].number


def end(unshare: Popen[bytes], number: signal.Signals) -> int:
    """Sends process 1 a signal; the status that it ends with."""
    with contextlib.suppress(AssertionError, ProcessLookupError):
        os.kill(first_process(unshare), number)
    return unshare.wait(DEADLINE)
