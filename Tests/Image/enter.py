"""Becomes the process of a container: `enter.py SPEC ARGUMENT…`, as process 1 of new mount and PID namespaces.

What a container runtime does for a Pod with a read-only root and Pod Security `restricted`: mounts, another root,
another user without groups and capabilities, no new privileges, and the entrypoint.
"""

import ctypes
import json
import os
import signal
import sys
import time

PARENT_DEATH_SIGNAL = 1
READ_ONLY, NO_SUID, NO_DEV, REMOUNT, BIND, RECURSIVE, PRIVATE = 1, 2, 4, 32, 4096, 16384, 1 << 18
NO_NEW_PRIVILEGES = 38
libc = ctypes.CDLL(None, use_errno=True)


def mount(source: str, target: str, kind: str | None, flags: int) -> None:
    names = [name.encode() if name is not None else None for name in (source, target, kind)]
    if libc.mount(*names, ctypes.c_ulong(flags), None) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), target)


def bind(source: str, target: str, is_writable: bool) -> None:
    mount(source, target, None, BIND)
    if not is_writable:
        mount(source, target, None, REMOUNT | BIND | READ_ONLY)


with open(sys.argv[1]) as file:
    spec = json.load(file)
root = spec["root"]
began = os.open(spec["began"], os.O_WRONLY) if spec["began"] else None
mount("none", "/", None, RECURSIVE | PRIVATE)
mount(root, root, None, BIND)
for target, (source, is_writable) in spec["volumes"].items():
    bind(source, root + target, is_writable)
mount("proc", root + "/proc", "proc", NO_SUID | NO_DEV)
mount(root, root, None, REMOUNT | BIND | READ_ONLY | NO_SUID | NO_DEV)
os.chroot(root)
os.chdir(spec["folder"])
os.setgroups([])
os.setgid(spec["group"])
os.setuid(spec["user"])
# Changing the user resets the parent-death signal of `unshare --kill-child`.
libc.prctl(PARENT_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)
libc.prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0)
os.umask(0o022)
signal.signal(signal.SIGPIPE, signal.SIG_DFL)
if began is not None:
    # The start time of the program, for measurements.
    os.write(began, f"{time.monotonic()}\n".encode())
    os.close(began)
os.execve(spec["entrypoint"], [spec["entrypoint"], *sys.argv[2:]], spec["environment"])
