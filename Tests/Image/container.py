"""Containers of an image without a container runtime: enter.py in new namespaces, with the image's configuration."""

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
"""A user id as OpenShift assigns it, with group 0."""


@dataclass
class Container:
    """A read-only root folder with the image's files, and volumes mounted on it."""

    archive: Archive
    folder: Path
    user: int = NONROOT
    group: int = NONROOT
    volumes: dict[str, tuple[Path, bool]] = field(default_factory=dict)
    """The volumes by their path in the container: the source, and whether they are writable."""

    def prepare(self) -> "Container":
        """Unpacks the image, or links the files of another container."""
        unpacked = self.folder.parent / f"unpacked-{self.archive.digest[7:19]}"
        if not unpacked.exists():
            self.archive.extract(unpacked)
        shutil.copytree(unpacked, self.root, copy_function=os.link)
        return self

    @property
    def root(self) -> Path:
        return self.folder / "root"

    def add_volume(self, place: str, source: Path, is_writable: bool = False) -> None:
        """Makes the container's user the owner of writable volumes."""
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
        """The command line that runs the entrypoint with arguments. The start time is written to the pipe `began`."""
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
        """Runs the container until it exits."""
        return child_process.run(self.command(*arguments, **environment))


def first_process(unshare: Popen[bytes]) -> int:
    """The container's process 1, with its process id on the host."""
    found = until(lambda: unshare.poll() is not None or descendants(unshare.pid), "the container's process")
    assert found is not True, "the container has exited"
    return found[0].number


def end(unshare: Popen[bytes], number: signal.Signals) -> int:
    """Sends process 1 a signal; returns its exit status."""
    with contextlib.suppress(AssertionError, ProcessLookupError):
        os.kill(first_process(unshare), number)
    return unshare.wait(DEADLINE)
