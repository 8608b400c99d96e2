"""A log that nobody reads stops no request."""

import json
import os
import subprocess
from collections.abc import Callable

import child_process

from .listening_gateway import ListeningGateway

Make = Callable[..., ListeningGateway]
PIPE_BYTES = 65_536


def serve_into_a_pipe(gateway: ListeningGateway) -> subprocess.Popen[bytes]:
    """Starts it, and reads its log only until it listens."""
    gateway.write()
    listeners = ["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", "--webhook-listen", "127.0.0.1:0"]
    process = child_process.start(
        gateway.arguments("serve") + listeners, env=gateway.environment(), stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE, cwd=gateway.folder,
    )  # fmt: skip
    gateway.process = process
    assert process.stderr is not None
    ports: dict[str, int] = {}
    while not {"tokens", "webhook", "admin"} <= ports.keys():
        line = process.stderr.readline()
        assert line, "it did not start"
        record = json.loads(line) if line.startswith(b"{") else {"message": ""}
        if record["message"] == "listening":
            ports[record["listener"]] = record["port"]
    gateway.port, gateway.admin_port = ports["tokens"], ports["admin"]
    return process


def test_tokens_are_issued_while_nobody_reads_stderr(make: Make) -> None:
    # More rejected calls of one address than it may otherwise make.
    gateway = make(rejectionRate=1_000_000, rejectionBurst=1_000_000)
    process = serve_into_a_pipe(gateway)
    assert process.stderr is not None
    connection = gateway.connection()
    issued = 0
    # Each call is a line of more than 200 bytes; the lines beyond the pipe and the gateway's buffer are dropped.
    while gateway.metric("sts_log_lines_dropped_total") in (None, 0.0):
        for _ in range(500):
            connection.request("GET", "/one/token/user", headers={"Authorization": "Bearer a.b.c"})
            answer = connection.getresponse()
            answer.read()
            assert answer.status == 401
            issued += 1
        assert issued < 100_000, "no line is dropped"
    assert issued * 200 > PIPE_BYTES
    assert gateway.exchange() == 200
    connection.close()
    # It does not wait for its reader at the end, either.
    assert child_process.end(process) == 0
    os.set_blocking(process.stderr.fileno(), False)
