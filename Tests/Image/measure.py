"""How soon a packed gateway with ten endpoints issues a token, and what it holds then: `measure.py [ROUNDS]`.

The clock starts with the execve of the program in its container, and stops with the whole answer to a token call over
TLS. Needs root. Prints medians as a table in Markdown.
"""

import contextlib
import http.client
import os
import socket
import ssl
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / "Peers"), str(Path(__file__).parent)]

import cluster_identity  # noqa: E402
import pki  # noqa: E402
from built_programs import REPOSITORY  # noqa: E402
from container import Container  # noqa: E402
from layout import read_archive  # noqa: E402
from packed_gateway import PackedGateway, endpoint  # noqa: E402
from waiting import DEADLINE, until  # noqa: E402

ENDPOINTS = [f"endpoint-{number}" for number in range(10)]
IDLE = 10
"""Seconds."""


@dataclass
class Round:
    milliseconds: float
    resident: float
    """The resident memory in MiB, after the first token and ten idle seconds."""
    private: float
    """The anonymous part of that, in MiB."""


def free_port() -> int:
    with socket.socket() as opened:
        opened.bind(("127.0.0.1", 0))
        return opened.getsockname()[1]


def forget(folder: Path) -> None:
    """Drops the image's files from the page cache, as on a node that has just pulled the image."""
    os.sync()
    for file in folder.rglob("*"):
        if file.is_file():
            descriptor = os.open(file, os.O_RDONLY)
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
            os.close(descriptor)


def first_token(gateway: PackedGateway, context: ssl.SSLContext, form: str) -> float:
    """Requests a token until it gets one; returns the time."""
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    ends = time.monotonic() + DEADLINE
    while time.monotonic() < ends:
        with contextlib.suppress(OSError, http.client.HTTPException):
            connection = http.client.HTTPSConnection("127.0.0.1", gateway.port, timeout=DEADLINE, context=context)
            connection.request("POST", f"/{ENDPOINTS[-1]}/token", form, headers)
            answer = connection.getresponse()
            if answer.status == 200 and b"access_token" in answer.read():
                return time.monotonic()
        time.sleep(0.001)
    raise SystemExit(f"no token within {DEADLINE:.0f} s: {gateway.text}")


def measured(gateway: PackedGateway, is_idle_wanted: bool) -> Round:
    context = ssl.create_default_context(cafile=str(gateway.pki / "ca.pem"))
    form = gateway.form()
    gateway.port = free_port()
    gateway.listen = f"127.0.0.1:{gateway.port}"
    gateway.began = gateway.folder / "began"
    if not gateway.began.exists():
        os.mkfifo(gateway.began)
    gateway.launch()
    began = float(gateway.began.read_text())
    there = first_token(gateway, context, form)
    if is_idle_wanted:
        time.sleep(IDLE)
    lines = Path(f"/proc/{gateway.process_id}/smaps_rollup").read_text().splitlines()[1:]
    memory = {name: int(value.split()[0]) / 1024 for name, value in (line.split(":") for line in lines)}
    until(lambda: "listening" in gateway.text)
    gateway.stop()
    return Round((there - began) * 1000, memory["Rss"], memory["Anonymous"])


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    images = Path(os.environ.get("STS_IMAGES", REPOSITORY / ".build-image/images"))
    archive = read_archive(next(images.glob("sts-gateway-*.oci.tar")))
    title = f"packed gateway, {len(ENDPOINTS)} endpoints with RS256, medians of {rounds}"
    print(f"| {title} | first token | resident | private |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory() as name:
        shared = Path(name)
        cluster_identity.init(shared / "cluster")
        pki.write(shared / "pki", ["127.0.0.1"])

        def new_gateway(number: str) -> PackedGateway:
            folder = shared / f"gateway-{number}"
            folder.mkdir()
            container = Container(archive, folder).prepare()
            endpoints = {one: endpoint(one) for one in ENDPOINTS}
            program = Path("/sts-gateway")
            gateway = PackedGateway(
                program, folder, shared / "cluster", shared / "pki", endpoints=endpoints, container=container
            )
            return gateway.mount()

        def report(title: str, made: list[Round]) -> None:
            token, resident, private = (
                statistics.median(getattr(one, name) for one in made)
                for name in ["milliseconds", "resident", "private"]
            )
            print(f"| {title} | {token:.0f} ms | {resident:.1f} MiB | {private:.1f} MiB |", flush=True)

        first = [measured(new_gateway(str(number)), False) for number in range(rounds)]
        report("no keys yet: ten are made; memory right after", first)
        gateway = new_gateway("kept")
        measured(gateway, False)
        cold = []
        for _ in range(rounds):
            forget(gateway.container.root)
            cold.append(measured(gateway, False))
        report("keys are there, image not in the page cache; memory right after", cold)
        report(f"keys are there; memory after {IDLE} idle seconds", [measured(gateway, True) for _ in range(rounds)])


if __name__ == "__main__":
    main()
