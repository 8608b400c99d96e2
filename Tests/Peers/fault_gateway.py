"""A fake gateway with faults on demand: TLS, both wire formats, `/ca-bundle`, and a fault for each next token request.

Its tokens expire after seconds and have no valid signature: the sidecar does not verify issued tokens.
"""

import base64
import json
import secrets
import socket
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs

import secret_scan

Fault = Callable[["FaultGateway", ssl.SSLSocket], None]


def encode(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def token(ttl: float) -> str:
    """A JWT without a valid signature, longer than one read or write."""
    now = int(time.time())
    claims = {"iat": now, "exp": now + ttl, "jti": secrets.token_hex(16), "padding": "x" * 2000}
    return ".".join([encode(b'{"alg":"ES256"}'), encode(json.dumps(claims).encode()), encode(secrets.token_bytes(64))])


def head(status: int, length: int | None, *fields: str) -> bytes:
    lines = [f"HTTP/1.1 {status} Status", *fields]
    if length is not None:
        lines.append(f"Content-Length: {length}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


@dataclass
class FaultGateway:
    pki: Path
    ttl: int = 3
    address: str = "127.0.0.1"
    port: int = 0
    bundle: bytes | None = None
    faults: list[Fault] = field(default_factory=list)
    always: Fault | None = None
    token_calls: list[tuple[float, str, str]] = field(default_factory=list)
    """The time of each on the monotonic clock, its path and its subject token."""
    lifetimes: list[str | None] = field(default_factory=list)
    """The requested lifetime of each token call."""
    bundle_calls: list[str | None] = field(default_factory=list)
    issued: list[str] = field(default_factory=list)
    connections: int = 0

    def start(self) -> "FaultGateway":
        self.listener = self.bound()
        self.port = self.listener.getsockname()[1]
        self.spare = self.bound()
        self.serve_with(self.pki)
        self.listen()
        return self

    def bound(self) -> socket.socket:
        made = socket.socket(socket.AF_INET6 if ":" in self.address else socket.AF_INET)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((self.address, self.port))
        return made

    def listen(self) -> None:
        self.stopped = threading.Event()
        self.listener.listen(16)
        threading.Thread(target=self.accept, args=(self.listener,), daemon=True).start()

    def refuse(self) -> None:
        """Connections are refused from now on. The spare socket keeps the port."""
        self.stopped.set()
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def listen_again(self) -> None:
        """Ends `refuse`, once."""
        self.listener = self.spare
        self.listen()

    def serve_with(self, pki: Path) -> None:
        """New connections see this certificate."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pki / "server.pem", pki / "server-key.pem")
        self.context = context

    def stop(self) -> None:
        if not self.stopped.is_set():
            self.refuse()
        self.spare.close()

    @property
    def url(self) -> str:
        host = f"[{self.address}]" if ":" in self.address else self.address
        return f"https://{host}:{self.port}"

    def accept(self, listener: socket.socket) -> None:
        while not self.stopped.is_set():
            try:
                plain, _ = listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self.converse, args=(plain,), daemon=True).start()

    def converse(self, plain: socket.socket) -> None:
        try:
            with self.context.wrap_socket(plain, server_side=True) as connection:
                while not self.stopped.is_set() and self.answer(connection):
                    pass
        except OSError:
            pass

    def answer(self, connection: ssl.SSLSocket) -> bool:
        received = b""
        while b"\r\n\r\n" not in received:
            part = connection.recv(4096)
            if not part:
                return False
            received += part
        text, body = received.split(b"\r\n\r\n", 1)
        lines = text.decode().split("\r\n")
        fields = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines[1:])}
        while len(body) < int(fields.get("content-length", 0)):
            body += connection.recv(4096)
        method, path, _ = lines[0].split(" ")
        if (method, path) == ("GET", "/ca-bundle"):
            return self.answer_bundle(connection, fields.get("if-none-match"))
        return self.answer_token(connection, method, path, fields, body.decode())

    def answer_bundle(self, connection: ssl.SSLSocket, condition: str | None) -> bool:
        self.bundle_calls.append(condition)
        if self.bundle is None:
            connection.sendall(head(404, 0))
        elif condition == '"%d"' % hash(self.bundle):
            connection.sendall(head(304, None))
        else:
            connection.sendall(head(200, len(self.bundle), 'ETag: "%d"' % hash(self.bundle)) + self.bundle)
        return True

    def answer_token(self, connection: ssl.SSLSocket, method: str, path: str, fields: dict, body: str) -> bool:
        openunison = path.endswith("/token/user")
        if openunison:
            subject = fields["authorization"].removeprefix("Bearer ")
        else:
            form = parse_qs(body, strict_parsing=True)
            assert method == "POST" and form["grant_type"] == ["urn:ietf:params:oauth:grant-type:token-exchange"]
            assert form["subject_token_type"] == ["urn:ietf:params:oauth:token-type:jwt"]
            subject = form["subject_token"][0]
            self.lifetimes.append(form.get("expires_in", [None])[0])
        self.token_calls.append((time.monotonic(), path, subject))
        fault = self.faults.pop(0) if self.faults else self.always
        if fault is not None:
            fault(self, connection)
            return False
        content = self.valid(openunison)
        connection.sendall(head(200, len(content), "Content-Type: application/json") + content)
        return True

    def valid(self, openunison: bool = False) -> bytes:
        self.issued.append(token(self.ttl))
        secret_scan.RUN.token(self.issued[-1])
        if openunison:
            expires = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + self.ttl))
            answer = {"displayName": "a:b:c", "token": {"jwt": self.issued[-1], "expires": expires}}
        else:
            answer = {"access_token": self.issued[-1], "token_type": "N_A", "expires_in": self.ttl}
        return json.dumps(answer).encode()


# Faults: functions of the gateway and the connection, called after the request was read. Then the connection is closed.


def status(code: int, *fields: str, body: bytes = b"{}") -> Fault:
    return lambda _, connection: connection.sendall(head(code, len(body), *fields) + body)


def text(body: bytes) -> Fault:
    return status(200, body=body)


def hang(gateway: FaultGateway, _: ssl.SSLSocket) -> None:
    gateway.stopped.wait()


def hang_in_body(gateway: FaultGateway, connection: ssl.SSLSocket) -> None:
    connection.sendall(head(200, 5000) + b'{"access_token":')
    gateway.stopped.wait()


def drip(gateway: FaultGateway, connection: ssl.SSLSocket) -> None:
    """Sends bytes without end, and never completes the response."""
    connection.sendall(head(200, 5000))
    while not gateway.stopped.wait(0.2):
        connection.sendall(b" ")


def truncated(gateway: FaultGateway, connection: ssl.SSLSocket) -> None:
    content = gateway.valid()
    gateway.issued.pop()
    connection.sendall(head(200, len(content)) + content[: len(content) // 2])


def oversized(_: FaultGateway, connection: ssl.SSLSocket) -> None:
    connection.sendall(head(200, None, "Transfer-Encoding: chunked"))
    for _ in range(200):
        connection.sendall(b"1000\r\n" + b" " * 0x1000 + b"\r\n")


def endless_header(_: FaultGateway, connection: ssl.SSLSocket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 10_000)


def chunked(gateway: FaultGateway, connection: ssl.SSLSocket) -> None:
    """A valid response with chunked framing, sent in pieces that do not match the chunks."""
    content = gateway.valid()
    parts = [content[at : at + 700] for at in range(0, len(content), 700)]
    wire = head(200, None, "Transfer-Encoding: chunked")
    wire += b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"
    for at in range(0, len(wire), 333):
        connection.sendall(wire[at : at + 333])


def reset(_: FaultGateway, connection: ssl.SSLSocket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")


def close_after_answer(gateway: FaultGateway, connection: ssl.SSLSocket) -> None:
    """A valid response that promises keep-alive; then the connection is closed."""
    content = gateway.valid()
    connection.sendall(head(200, len(content)) + content)
