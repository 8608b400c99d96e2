"""The disk of a key directory fails while a key rotates: the old key signs, and the rotation completes afterwards."""

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from RotationProcess.conftest import stage, theatre  # noqa: F401
from RotationProcess.rings import kids
from RotationProcess.stage import Gateway, Stage, aged
from waiting import until

from .conftest import LONG, Record
from .outage import Cost

End = Callable[[], object]


def read_only(gateway: Gateway) -> End:
    gateway.keys.chmod(0o500)
    return lambda: gateway.keys.chmod(0o700)


def full(gateway: Gateway) -> End:
    filler = gateway.keys / "filler"
    with filler.open("wb") as file:
        try:
            while True:
                os.write(file.fileno(), b"0" * 4096)
        except OSError:
            pass
    return filler.unlink


FAULTS: dict[str, Callable[[Gateway], End]] = {
    "the key directory is read-only": read_only,
    "the disk of the key directory is full": full,
}


@pytest.fixture
def disk(stage: Stage) -> Iterator[Gateway]:  # noqa: F811
    """A gateway whose key directory is a small file system of its own."""
    gateway = stage.gateway().add()
    gateway.keys.mkdir(mode=0o700)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k,mode=0700", "keys", gateway.keys], check=True)
    yield gateway
    gateway.kill()
    subprocess.run(["umount", "-l", gateway.keys], check=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts a tmpfs")
@pytest.mark.parametrize("name", FAULTS)
def test_during_a_rotation(name: str, disk: Gateway, stage: Stage, record: Record) -> None:  # noqa: F811
    disk.serve().settle()
    client = stage.client(disk, rate=20)
    client.goes_on(40)
    before = set(kids(disk.ring()))
    # The rotation is due when the gateway cannot write any more.
    with disk.locked():
        disk.edit_locked(aged)
        end = FAULTS[name](disk)
    until(lambda: disk.problem(), "the problem in the readiness details")
    client.goes_on(60)
    if LONG:
        time.sleep(60)
    assert client.kids() <= before and set(kids(disk.ring())) == before
    end()
    healed = time.monotonic()
    new = until(lambda: client.kids(healed) - before, "the new key").pop()
    signs = client.first(new, disk)
    assert signs
    client.goes_on(40)
    client.stop()
    failed = sum(one.status != 200 for one in client.exchanges)
    record(Cost(f"{name} during a rotation", len(client.exchanges), failed, len(client.unverified), signs - healed))
