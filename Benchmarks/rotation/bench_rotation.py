"""Measures the gateway with many key rings: `bench_rotation.py GATEWAY`. Needs wrk; prints Markdown tables.

The start time is that from the start of the process to the first 200 of /readyz, with existing key rings. The load
generator shares the cores with the gateway, so the effect of a rotation is the ratio of the exchanges in windows with and
without one in the same run.
"""

import argparse
import http.client
import json
import os
import re
import ssl
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parents[1]
sys.path[:0] = [str(REPOSITORY / "Tests/Peers")]

import cluster_identity  # noqa: E402
import pki  # noqa: E402

ADMIN_PORT, TOKENS_PORT, PROBE_PORT = 19091, 18444, 18445
ENDPOINTS, STARTS = 500, 5
PAIRS, SECONDS, CONNECTIONS = 6, 8, 16
LONG_AGO = "2020-01-01T00:00:00Z"


def endpoint(name: str, publish: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": name, "plugin": "oidc", "audience": "bench", "path": f"/{name}",
        "azRules": [{"scope": "filter", "constraint": "(namespace=default)"}],
        "issuer": {"host": f"{name}.issuer.example"},
        "injector": {"label": name},
        "subjectToken": {"audiences": ["bench"]},
        "rotation": {"every": "1h", "propagation": "2s", "maxAge": "1s"},
        "token": {"ttl": "60s"},
        "publish": publish,
    }  # fmt: skip


def write(folder: Path, endpoints: list[dict[str, Any]]) -> None:
    """The configuration as JSON, which is YAML."""
    (folder / "gateway.yaml").write_text(json.dumps({
        "cluster": "bench",
        "listeners": {"tokens": f"127.0.0.1:{TOKENS_PORT}", "admin": f"127.0.0.1:{ADMIN_PORT}"},
        "tls": {"certificates": [{"certificate": "pki/server.pem", "key": "pki/server-key.pem"}]},
        "review": {"offline": {"jwks": "cluster/jwks.json", "issuer": cluster_identity.ISSUER}},
        "keyStore": {"directory": "keys"},
        "sts": {"endpoints": endpoints},
    }))  # fmt: skip


def is_ready() -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", ADMIN_PORT, timeout=30)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


class Gateway:
    """The process; `seconds` is the time until it was ready."""

    def __init__(self, program: str, folder: Path, patience: float = 30) -> None:
        begin = time.monotonic()
        with (folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [program, "serve", "--config", "gateway.yaml", "--plugins", str(REPOSITORY / "plugins.json")],
                stdout=subprocess.DEVNULL, stderr=log, cwd=folder,
            )  # fmt: skip
        while not is_ready() or self.process.poll() is not None:
            if self.process.poll() is not None or time.monotonic() > begin + patience:
                self.process.kill()
                raise SystemExit(f"the gateway is not ready:\n{(folder / 'log').read_text()[-2000:]}")
            time.sleep(0.01)
        self.seconds = time.monotonic() - begin

    def memory(self) -> tuple[float, float]:
        """The current and the peak resident memory, in MiB."""
        text = Path(f"/proc/{self.process.pid}/status").read_text()
        now, most = (int(re.search(rf"{name}:\s+(\d+) kB", text)[1]) / 1024 for name in ["VmRSS", "VmHWM"])
        return now, most

    def cpu(self) -> float:
        """The CPU time so far, in seconds."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def __enter__(self) -> "Gateway":
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.wait(30)


class PublicFolders(BaseHTTPRequestHandler):
    """Serves the folder of each host, as the web server of the issuers."""

    protocol_version = "HTTP/1.1"
    root = Path()

    def do_GET(self) -> None:
        file = self.root / self.headers["Host"].split(".")[0] / self.path.lstrip("/")
        content = file.read_bytes() if file.is_file() else b""
        self.send_response_only(200 if content else 404)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *arguments: Any) -> None:
        """Logs nothing."""


class PublicServer(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 1024

    def __init__(self, folder: Path) -> None:
        PublicFolders.root = folder / "www"
        super().__init__(("127.0.0.1", PROBE_PORT), PublicFolders)
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(folder / "pki/server.pem", folder / "pki/server-key.pem")

    def finish_request(self, request: Any, client_address: Any) -> None:
        request.settimeout(30)
        with self._context.wrap_socket(request, server_side=True) as connection:
            super().finish_request(connection, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignores clients that have closed the connection."""


def starts(program: str, folder: Path, quiet: float) -> None:
    """The first start creates all keys one by one, also after it is ready; later starts load them."""
    alone = [endpoint(f"e{number}", {"probe": {"enabled": False}}) for number in range(ENDPOINTS)]
    probe = {"connectTo": f"127.0.0.1:{PROBE_PORT}", "caFile": "pki/ca.pem"}
    published = [
        endpoint(f"e{number}", {"plugin": "oidc", "directory": f"www/e{number}", "probe": probe})
        for number in range(ENDPOINTS)
    ]
    print(f"| {ENDPOINTS} endpoints, RS256 | ready after | of CPU | resident | at most |\n|---|---|---|---|---|")
    server = PublicServer(folder)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    for title, endpoints, count, patience in [
        ("keys are made first", alone, 1, 600), ("keys are there", alone, STARTS, 60),
        ("keys are there; documents in folders, read back", published, STARTS, 60),
    ]:  # fmt: skip
        write(folder, endpoints)
        figures = []
        for number in range(count):
            with Gateway(program, folder, patience) as gateway:
                figures.append((gateway.seconds, gateway.cpu()))
                # The memory of the last start, after some idle time.
                while len(list((folder / "keys").glob("*.keyring.json"))) < ENDPOINTS:
                    time.sleep(0.2)
                time.sleep(quiet if number == count - 1 else 0.5)
                now, most = gateway.memory()
        seconds, cpu = (statistics.median(column) for column in zip(*figures, strict=True))
        print(f"| {title} | {seconds:.2f} s | {cpu:.2f} s | {now:.0f} MiB | {most:.0f} MiB |", flush=True)
    server.shutdown()
    print(f"\nTargets: under 5 s, at most 150 MiB. Memory after {quiet:.0f} idle seconds; medians of {STARTS} starts.\n")


def wrk(folder: Path) -> tuple[int, float]:
    """Exchanges in a window, and the 99th percentile of their latency in milliseconds."""
    text = subprocess.run(
        [
            "wrk", "-t", "2", "-c", str(CONNECTIONS), "-d", f"{SECONDS}s", "-s",
            str(HERE.parent / "exchange/exchange.lua"), f"https://127.0.0.1:{TOKENS_PORT}/e0/token",
        ],
        capture_output=True, text=True, check=True, env={**os.environ, "TOKENS": str(folder / "token")},
    ).stdout  # fmt: skip
    found = re.search(r"RESULT (\d+) (\d+) (\d+)", text)
    assert found, text
    assert found[2] == "0", f"{found[2]} of {found[1]} exchanges failed"
    return int(found[1]), int(found[3]) / 1000


def edit(folder: Path, name: str, state: str, member: str) -> None:
    """Moves a time of a key in that state into the past."""
    file = folder / f"keys/{name}.keyring.json"
    ring = json.loads(file.read_text())
    for key in ring["keys"]:
        if key["state"] == state:
            key[member] = LONG_AGO
    new = folder / f"keys/{name}.by-hand"
    new.write_text(json.dumps(ring))
    new.rename(file)


def until_states(folder: Path, name: str, states: list[str]) -> None:
    """Waits until the ring has keys in these states."""
    end = time.monotonic() + 60
    file = folder / f"keys/{name}.keyring.json"
    while (found := [key["state"] for key in json.loads(file.read_text())["keys"]]) != states:
        assert time.monotonic() < end, f"{name} has keys that are {found}"
        time.sleep(0.05)


def throughput(program: str, folder: Path) -> None:
    """A gateway with enough endpoints for many rotations at once."""
    many, probe = 30, {"enabled": False, "interval": "10s"}
    write(folder, [endpoint(f"e{number}", {"probe": probe}) for number in range(many + 1)])
    arguments = ["--namespace", "default", "--serviceaccount", "web", "--pod", "web-0", "--node", "node-1"]
    command = [sys.executable, str(REPOSITORY / "Tests/Peers/cluster_identity.py"), "token", str(folder / "cluster")]
    token = subprocess.run(
        [*command, *arguments, "--audience", "bench"], capture_output=True, text=True, check=True
    ).stdout
    (folder / "token").write_text(token)
    with Gateway(program, folder) as gateway:
        compare(gateway, folder, many)


@dataclass
class Window:
    """The result of one window."""

    exchanges: int
    p99: float
    cpu: float
    """The gateway's CPU time per exchange, in microseconds."""


def window(gateway: Gateway, folder: Path) -> Window:
    before = gateway.cpu()
    exchanges, p99 = wrk(folder)
    return Window(exchanges, p99, (gateway.cpu() - before) * 1e6 / exchanges)


def compare(gateway: Gateway, folder: Path, many: int) -> None:
    """Windows with a rotation of RS256 keys in them, and windows without, in alternating pairs."""
    wrk(folder)
    print(
        "| while exchanges run at full load | exchanges/s beside none | lowest, highest | CPU an exchange beside none "
        "| p99 | without | ends after the window |\n|---|---|---|---|---|---|---|"
    )
    for title, names in [
        ("one rotation: a key made, published, then signing", ["e0"]),
        (f"{many} rotations at once on other endpoints", [f"e{number}" for number in range(1, many + 1)]),
        ("none in either window: the noise", []),
    ]:
        pairs: list[tuple[Window, Window]] = []
        late = []
        for pair in range(PAIRS):
            found = {}
            for rotates in [pair % 2 == 0, pair % 2 == 1]:
                for name in names if rotates else []:
                    edit(folder, name, "active", "activated")
                found[rotates] = window(gateway, folder)
                begin = time.monotonic()
                for name in names if rotates else []:
                    until_states(folder, name, ["retiring", "active"])
                if rotates:
                    late.append(time.monotonic() - begin)
                for name in names if rotates else []:
                    edit(folder, name, "retiring", "retired")
                for name in names if rotates else []:
                    until_states(folder, name, ["active"])
            pairs.append((found[True], found[False]))
        ratios = [with_one.exchanges / without.exchanges for with_one, without in pairs]
        figures = [
            f"{statistics.median(ratios):.3f}", f"{min(ratios):.3f}, {max(ratios):.3f}",
            f"{statistics.median(with_one.cpu / without.cpu for with_one, without in pairs):.3f}",
            f"{statistics.median(with_one.p99 for with_one, _ in pairs):.1f} ms",
            f"{statistics.median(without.p99 for _, without in pairs):.1f} ms",
            f"{statistics.median(late):.1f} s" if names else "",
        ]  # fmt: skip
        print(f"| {title} | {' | '.join(figures)} |", flush=True)
    print(f"\nMedians of {PAIRS} pairs of {SECONDS} s. Target: not visible beyond noise; no exchange may fail.")


def main() -> None:
    parser = argparse.ArgumentParser(description="Measures the gateway with many key rings, and during rotations.")
    parser.add_argument("gateway", help="a release build of sts-gateway")
    parser.add_argument("--only", choices=["starts", "throughput"], help="one of the two parts")
    parser.add_argument("--quiet", type=float, default=60, metavar="SECONDS", help="idle time before the memory is measured")
    options = parser.parse_args()
    program = str(Path(options.gateway).resolve())
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pki.write(folder / "pki", ["localhost", "127.0.0.1", "*.issuer.example"])
        cluster_identity.init(folder / "cluster")
        if options.only != "throughput":
            starts(program, folder, options.quiet)
        if options.only != "starts":
            throughput(program, folder)


if __name__ == "__main__":
    main()
