"""A full or read-only key directory: tokens are issued, and the rotation continues later."""

import os
import subprocess
from pathlib import Path

import pytest
from waiting import until

from .rings import kids
from .scenarios import scenario
from .stage import Gateway, Stage, active


def mount_small(stage: Stage, folder: Path) -> None:
    """A file system of 64 KiB, until the stage is closed."""
    if os.geteuid() != 0:
        pytest.skip("a full disk needs a small file system, and only a superuser can mount one")
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k,mode=0700", "tmpfs", folder], check=True)
    stage.later(lambda: subprocess.run(["umount", "--lazy", folder], check=True))


def fill(file: Path) -> None:
    with file.open("wb", buffering=0) as open_file:
        try:
            while True:
                open_file.write(bytes(512))
        except OSError:
            return


def tries_again(gateway: Gateway) -> None:
    """Waits until the rotation that fails has failed once more: it waits for the ring's lock before each attempt."""
    for _ in range(2):
        with gateway.locked():
            until(gateway.waits_for_a_lock, "another attempt")
        until(lambda: not gateway.waits_for_a_lock(), "its end")


@scenario
def test_on_a_full_disk_tokens_are_issued_and_the_rotation_waits_for_space(stage: Stage) -> None:
    gateway = stage.gateway()
    mount_small(stage, gateway.keys)
    gateway.add().add("two").serve().settle()
    watcher, client = stage.watch(gateway), stage.client(gateway, rate=25)
    old = active(gateway)
    stage.issuer.hold(gateway.host())
    new = gateway.rotate()
    until(lambda: gateway.published() == {old, new}, "the publication")
    ballast = gateway.keys / "ballast"
    fill(ballast)
    stage.issuer.release(gateway.host())
    until(lambda: gateway.lines("key rotation failed"), "the problem in the log")
    refused = gateway.command("keys", "rotate", "--endpoint", "two")
    assert refused.returncode == 69 and "No space left" in refused.stderr, refused.stderr
    tries_again(gateway)
    logged = gateway.lines("key rotation failed")
    assert len(logged) == 1 and "No space left" in logged[0]["reason"], logged
    assert client.kids() == {old} and active(gateway) == old
    assert gateway.lines("key rotation failed", "two") == [] and gateway.exchange("two") == 200
    shown = gateway.problem()
    ballast.unlink()
    until(lambda: gateway.has("retiring"), "the end of the rotation")
    assert gateway.lines("key rotation works again")
    until(lambda: new in client.kids(), "a token of the new key")
    client.end()
    watcher.stop()
    watcher.check(keys=2)
    assert "No space left" in shown, "readiness detail while the disk was full"


@scenario
def test_in_a_read_only_key_directory_tokens_are_issued_and_the_rotation_waits_for_permission(stage: Stage) -> None:
    gateway = stage.gateway().add().serve().settle()
    watcher, client = stage.watch(gateway), stage.client(gateway, rate=25)
    old = active(gateway)
    gateway.age()
    gateway.keys.chmod(0o500)
    until(lambda: gateway.lines("key rotation failed"), "the problem in the log")
    refused = gateway.command("keys", "rotate", "--endpoint", "one")
    assert refused.returncode == 69 and "Permission denied" in refused.stderr, refused.stderr
    tries_again(gateway)
    logged = gateway.lines("key rotation failed")
    assert len(logged) == 1 and "Permission denied" in logged[0]["reason"], logged
    shown = gateway.problem()
    gateway.kill()
    gateway.serve()
    assert gateway.exchange() == 200 and client.kids() == {old}
    gateway.keys.chmod(0o700)
    until(lambda: gateway.has("retiring"), "the end of the rotation")
    until(lambda: active(gateway) in client.kids(), "a token of the new key")
    client.end()
    watcher.stop()
    watcher.check(keys=2)
    assert "Permission denied" in shown, "readiness detail while the directory was read-only"


@scenario
def test_a_first_ring_that_cannot_be_written_is_created_later(stage: Stage) -> None:
    """Only the new endpoint is affected."""
    gateway = stage.gateway().add().serve().settle()
    gateway.stop()
    gateway.add("two")
    gateway.keys.chmod(0o500)
    gateway.serve()
    status, headers, _ = gateway.answer(path="/two/token")
    assert status == 503 and int(headers["Retry-After"]) >= 1 and gateway.exchange() == 200
    assert "Permission denied" in gateway.problem("two") and gateway.problem() == ""
    assert [line["reason"] for line in gateway.log if line["level"] == "error"], "it is logged"
    gateway.keys.chmod(0o700)
    until(lambda: gateway.exchange("two") == 200, "a token of the new endpoint")
    assert gateway.problem("two") == "" and len(kids(gateway.ring("two"))) == 1
