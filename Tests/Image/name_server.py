"""A name server (RFC 1035) that knows one name; with the resolv.conf that sends a container to it."""

import contextlib
import socket
import struct
import threading
from pathlib import Path

ADDRESS = "127.0.0.153"
"""Port 53 of another loopback address, which is free on most machines."""


class NameServer:
    def __init__(self, name: str, address: str) -> None:
        self.name = name
        self.address = address
        self.asked: list[str] = []
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.settimeout(0.1)
        self._socket.bind((ADDRESS, 53))

    def __enter__(self) -> "NameServer":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ends.set()
        self._thread.join()
        self._socket.close()

    def write_files(self, folder: Path) -> tuple[Path, Path]:
        """Writes resolv.conf and hosts, as the kubelet does."""
        resolver, hosts = folder / "resolv.conf", folder / "hosts"
        resolver.write_text(f"nameserver {ADDRESS}\nsearch default.svc.cluster.local\noptions ndots:1\n")
        hosts.write_text("127.0.0.1\tlocalhost\n")
        return resolver, hosts

    def _serve(self) -> None:
        while not self._ends.is_set():
            with contextlib.suppress(TimeoutError):
                query, client = self._socket.recvfrom(512)
                self._socket.sendto(self._answer(query), client)

    def _answer(self, query: bytes) -> bytes:
        """An A record for the name, nothing else for it, and NXDOMAIN for others (sections 4.1.1 to 4.1.3)."""
        labels, at = [], 12
        while length := query[at]:
            labels.append(query[at + 1 : at + 1 + length].decode())
            at += 1 + length
        question = query[12 : at + 5]
        kind = struct.unpack("!H", query[at + 1 : at + 3])[0]
        name = ".".join(labels)
        self.asked.append(name)
        is_known = name == self.name
        has_address = is_known and kind == 1
        flags = 0x8580 if is_known else 0x8583
        head = query[:2] + struct.pack("!HHHHH", flags, 1, int(has_address), 0, 0)
        record = struct.pack("!HHHIH", 0xC00C, 1, 1, 60, 4) + socket.inet_aton(self.address) if has_address else b""
        return head + question + record
