"""The descendants of a process, from /proc."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Process:
    number: int
    start: str
    """The start time, which differs for a later process with the same id."""
    command: list[str]

    @property
    def is_running(self) -> bool:
        """Whether the process runs; a zombie does not."""
        fields = _fields(self.number)
        return bool(fields) and fields[19] == self.start and fields[0] not in ("Z", "X")


def _fields(number: int) -> list[str]:
    """The fields of /proc/PID/stat from the state on; empty if there is no such process."""
    try:
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _all() -> Iterator[tuple[int, list[str]]]:
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and (fields := _fields(int(folder.name))):
            yield int(folder.name), fields


def descendants(number: int) -> list[Process]:
    """All current descendants."""
    everything = dict(_all())
    found, parents = [], {number}
    while parents:
        parents = {child for child, fields in everything.items() if int(fields[1]) in parents}
        found += [Process(child, everything[child][19], _command(child)) for child in parents]
    return found


def _command(number: int) -> list[str]:
    try:
        return Path(f"/proc/{number}/cmdline").read_text().split("\0")[:-1]
    except OSError:
        return []
