"""The load of the soak counts as errors what the gateway fails, not what a busy machine delays."""

import time
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from loopback_server import LoopbackServer

from .load import Load


class Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        time.sleep(2.5)
        self.send_response(int(self.path[1:]))
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.mark.parametrize("status", [200, 503])
def test_a_late_answer_is_no_error_and_a_failure_is_one(status: int, tmp_path: Path) -> None:
    (tmp_path / "tokens").write_text("a.b.c\n")
    server = LoopbackServer(Answer).start()
    try:
        requests, errors = Load(f"{server.url}/{status}", tmp_path, tmp_path).window(6)
    finally:
        server.stop()
    assert requests
    assert errors == (requests if status != 200 else 0)
