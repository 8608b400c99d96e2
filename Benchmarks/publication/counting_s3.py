"""A fake S3 with PUT, HEAD and GET of objects that counts requests; /-/count returns the counts. Prints its port."""

import hashlib
import json
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

OBJECTS: dict[str, tuple[bytes, dict[str, str]]] = {}
COUNT: Counter[str] = Counter()
DENIED = b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def do_PUT(self) -> None:
        COUNT["PUT"] += 1
        content = self.rfile.read(int(self.headers["Content-Length"]))
        kept = {name: value for name, value in self.headers.items() if name.lower().startswith("x-amz-meta-")}
        kept |= {name: self.headers[name] for name in ["Content-Type", "Cache-Control", "x-amz-checksum-sha256"]}
        OBJECTS[self.path] = content, {**kept, "ETag": f'"{hashlib.md5(content).hexdigest()}"'}
        self.answer(200, {"ETag": OBJECTS[self.path][1]["ETag"]}, b"")

    def do_GET(self) -> None:
        if self.path == "/-/count":
            self.answer(200, {}, json.dumps(COUNT).encode())
            return
        COUNT[self.command] += 1
        content, headers = OBJECTS.get(self.path, (None, {}))
        if content is None:
            self.answer(403, {"Content-Type": "application/xml"}, DENIED)
        else:
            self.answer(200, headers, content)

    do_HEAD = do_GET

    def answer(self, status: int, headers: dict[str, str], content: bytes) -> None:
        self.send_response_only(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, format: str, *arguments: Any) -> None:
        """Logs nothing."""


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256


if __name__ == "__main__":
    with Server(("127.0.0.1", 0), Handler) as server:
        print(server.server_address[1], flush=True)
        server.serve_forever()
