"""A gateway, and raw connections to its listeners."""

import contextlib
import resource
import socket
import ssl
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from gateway_program import OWN_AUDIENCE, GatewayProgram, exchange_form
from waiting import DEADLINE

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
SETTINGS, PING, GOAWAY, HEADERS, DATA = 4, 6, 7, 1, 0
LOST = (ConnectionError, ssl.SSLError, TimeoutError)
"""How a connection that the gateway has closed shows."""


def frame(kind: int, flags: int = 0, stream: int = 0, payload: bytes = b"") -> bytes:
    """RFC 9113 §4.1."""
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def literal(index: int, value: bytes) -> bytes:
    """A header field without indexing, with a name of the static table (RFC 7541 §6.2.2)."""
    prefix = bytes([index]) if index < 15 else bytes([15, index - 15])
    assert len(value) < 127
    return prefix + bytes([len(value)]) + value


def post(stream: int, path: str, more: bytes = b"") -> bytes:
    """HEADERS of a form's POST with more fields, without the end of the stream."""
    fields = bytes([0x83, 0x87]) + literal(4, path.encode()) + literal(1, b"localhost") + more
    return frame(HEADERS, 0x04, stream, fields + literal(31, b"application/x-www-form-urlencoded"))


@dataclass
class ListeningGateway(GatewayProgram):
    """One endpoint."""

    opened: list[socket.socket] = field(default_factory=list)

    def endpoint(self) -> "ListeningGateway":
        self.endpoints["one"] = {
            "name": "one", "plugin": "oidc", "audience": "verifiers", "path": "/one",
            "azRules": [{"scope": "filter", "constraint": "(namespace=default)"}],
            "issuer": {"host": "one.issuer.example"}, "token": {"algorithm": "ES256"},
            "subjectToken": {"audiences": [OWN_AUDIENCE]}, "publish": {"probe": {"enabled": False}},
        }  # fmt: skip
        return self

    def plain(self, admin: bool = False) -> socket.socket:
        """A connection that has sent nothing; it stays open."""
        connection = socket.create_connection(
            ("127.0.0.1", self.admin_port if admin else self.port), timeout=DEADLINE
        )
        self.opened.append(connection)
        return connection

    def secured(self, protocol: str = "http/1.1") -> ssl.SSLSocket:
        """A connection after its handshake; it stays open."""
        context = ssl.create_default_context(cafile=str(self.pki / "ca.pem"))
        context.set_alpn_protocols([protocol])
        connection = context.wrap_socket(self.plain(), server_hostname="localhost")
        self.opened.append(connection)
        assert connection.selected_alpn_protocol() == protocol
        return connection

    def multiplexed(self) -> ssl.SSLSocket:
        """A HTTP/2 connection that has sent its preface and acknowledges nothing."""
        connection = self.secured("h2")
        connection.sendall(PREFACE + frame(SETTINGS))
        return connection

    def form_request(self, more: str = "") -> bytes:
        form = exchange_form(self.identity)
        return (
            f"POST /one/token HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n{more}"
            f"Content-Length: {len(form)}\r\n\r\n{form}"
        ).encode()

    def raw(self, request: bytes) -> bytes:
        """All that comes back on a connection of its own, which the gateway closes."""
        connection = self.secured()
        connection.sendall(request)
        return received(connection)

    def close(self) -> None:
        for connection in self.opened:
            connection.close()
        self.kill()


def received(connection: socket.socket) -> bytes:
    """What comes until the gateway closes."""
    found = b""
    with contextlib.suppress(*LOST):
        while piece := connection.recv(65_536):
            found += piece
    return found


def frames(connection: socket.socket) -> Iterator[tuple[int, int, int, bytes]]:
    """Kind, flags, stream and payload of the HTTP/2 frames that come until the gateway closes."""
    buffer = b""
    with contextlib.suppress(*LOST):
        while piece := connection.recv(65_536):
            buffer += piece
            while len(buffer) >= 9 and len(buffer) >= 9 + (length := int.from_bytes(buffer[:3], "big")):
                yield buffer[3], buffer[4], int.from_bytes(buffer[5:9], "big"), buffer[9 : 9 + length]
                buffer = buffer[9 + length :]


def answer(connection: socket.socket) -> bytes:
    """One HTTP/1.1 response; less of it where the gateway closes."""
    found = b""
    with contextlib.suppress(*LOST):
        while b"\r\n\r\n" not in found:
            piece = connection.recv(65_536)
            if not piece:
                return found
            found += piece
        head, _, body = found.partition(b"\r\n\r\n")
        names = [line.split(b":", 1) for line in head.split(b"\r\n")[1:]]
        length = next(int(value) for name, value in names if name.lower() == b"content-length")
        while len(body) < length and (piece := connection.recv(65_536)):
            body += piece
        return head + b"\r\n\r\n" + body
    return found


def allow_connections(count: int) -> None:
    """Raises this process's limit of open files, which its children have, too."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < count + 500:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, count + 500), hard))
