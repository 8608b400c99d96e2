"""The processes below another one, by /proc."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Process:
    number: int
    start: str
    """When it was started: a later process of the same number has another."""
    command: list[str]

    @property
    def is_running(self) -> bool:
        """Whether it still runs; one that only waits to be reaped does not."""
        fields = _fields(self.number)
        return bool(fields) and fields[19] == self.start and fields[0] not in ("Z", "X")


def _fields(number: int) -> list[str]:
    """Those of /proc/PID/stat after the name, from the state on; none where there is no such process."""
    try:
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _all() -> Iterator[tuple[int, list[str]]]:
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and (fields := _fields(int(folder.name))):
            yield int(folder.name), fields


def descendants(number: int) -> list[Process]:
    """Children, their children, and so on, that are there now."""
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
