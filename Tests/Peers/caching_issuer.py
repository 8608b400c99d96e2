"""Public issuer URLs on loopback: a TLS server of folders behind several caches.

Each request goes to a random cache. A cache keeps a document for `max_age` seconds, and does not keep other
responses (a 404).

Sources: RFC 9111 section 4.2 (freshness); OpenID Connect Discovery 1.0 section 4; RFC 7517 section 5.
"""

import contextlib
import random
import ssl
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from waiting import DEADLINE


@dataclass
class _Edge:
    kept: dict[tuple[str, str], tuple[float, bytes]] = field(default_factory=dict)
    """The expiration and the content by host and path."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: "CachingIssuer"

    def do_GET(self) -> None:
        host = self.headers.get("Host", "").split(":")[0].lower()
        self.server.readings[host] += 1
        content = self.server.read(host, self.path)
        self.send_response_only(404 if content is None else 200)
        self.send_header("Date", self.date_time_string())
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content or b"")))
        self.end_headers()
        self.wfile.write(content or b"")

    def log_message(self, format: str, *arguments: Any) -> None:
        """Logs nothing."""


class CachingIssuer(ThreadingHTTPServer):
    """The server. `folders` has what each host serves, `readings` counts its requests. `clock` is in seconds."""

    daemon_threads = True

    def __init__(
        self, pki: Path, max_age: float = 1, edges: int = 2, clock: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.folders: dict[str, Path] = {}
        self.readings: Counter[str] = Counter()
        self.max_age = max_age
        self.clock = clock
        self.held: set[str] = set()
        """Hosts whose caches keep their documents, even expired ones."""
        self._edges = [_Edge() for _ in range(edges)]
        self._lock = threading.Lock()
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(pki / "server.pem", pki / "server-key.pem")

    @property
    def address(self) -> str:
        return "{}:{}".format(*self.server_address[:2])

    def read(self, host: str, path: str) -> bytes | None:
        """The response of a random cache; None without a document."""
        folder = self.folders.get(host)
        if folder is None or ".." in path or "/.sts" in path:
            return None
        with self._lock:
            edge = random.choice(self._edges)
            end, content = edge.kept.get((host, path), (0.0, b""))
            now = self.clock()
            if now < end or (end and host in self.held):
                return content
            try:
                content = (folder / path.lstrip("/")).read_bytes()
            except OSError:
                return None
            edge.kept[host, path] = (now + self.max_age, content)
            return content

    def hold(self, host: str) -> None:
        """Makes all caches of the host keep the current documents until `release`."""
        for path in ["/certs", "/.well-known/openid-configuration"]:
            content = (self.folders[host] / path.lstrip("/")).read_bytes()
            with self._lock:
                for edge in self._edges:
                    edge.kept[host, path] = (self.clock() + self.max_age, content)
        self.held.add(host)

    def release(self, host: str) -> None:
        """Ends `hold`."""
        self.held.discard(host)

    def is_everywhere(self, host: str, word: str) -> bool:
        """Whether the key set in each cache contains the text."""
        with self._lock:
            return all(word.encode() in edge.kept.get((host, "/certs"), (0.0, b""))[1] for edge in self._edges)

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Does the TLS handshake in the connection's thread, so that it does not block others."""
        request.settimeout(DEADLINE)
        with contextlib.suppress(OSError), self._context.wrap_socket(request, server_side=True) as connection:
            super().finish_request(connection, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignores clients that have closed the connection."""

    def start(self) -> "CachingIssuer":
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def stop(self) -> None:
        self.shutdown()
        self.server_close()
