"""A web server on loopback with a thread for each connection, with or without TLS."""

import contextlib
import ssl
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

from waiting import DEADLINE


class LoopbackServer(ThreadingHTTPServer):
    """The base of the peers' servers. `pki` is a folder of pki.py; without it there is no TLS."""

    daemon_threads = True

    def __init__(self, handler: type[BaseHTTPRequestHandler], pki: Path | None = None, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), handler)
        self._context = None
        if pki:
            self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._context.load_cert_chain(pki / "server.pem", pki / "server-key.pem")

    @property
    def address(self) -> str:
        return "{}:{}".format(*self.server_address[:2])

    @property
    def url(self) -> str:
        return f"{'https' if self._context else 'http'}://{self.address}"

    def start(self) -> Self:
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def stop(self) -> None:
        self.shutdown()
        self.server_close()

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Does the TLS handshake in the connection's thread, so that it does not block others."""
        if self._context is None:
            super().finish_request(request, client_address)
            return
        request.settimeout(DEADLINE)
        with contextlib.suppress(OSError), self._context.wrap_socket(request, server_side=True) as connection:
            super().finish_request(connection, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Prints errors, except for connections that the client has closed."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)
