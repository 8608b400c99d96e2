"""Counts the instructions of exchanges with callgrind, and the share of metrics, audit, limits and history in them.

    scripts/bench-observation GATEWAY
"""

import http.client
import re
import ssl
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "Tests" / "Peers"))

import cluster_identity
import pki
from bench_status import endpoint
from gateway_program import GatewayProgram, exchange_form
from waiting import until

CALLS = 200
TARGET = 3.0
PARTS = {
    "audit record": r"AuditRecord.init\(_:of:policy:at:latency:\)",
    "audit line, written by its task": r"closure #1 in BufferedAuditSink.init",
    "audit queue": r"BufferedAuditSink.record\(_:(room:)?\)",
    "limits": r"CallLimiting.spend\(_:\) in conformance CallLimiter",
    "history": r"CallHistory.record\(_:of:\)",
    "metrics": r"EndpointMetrics.record\(_:\)",
}
"""The function of each part, by its demangled name. Its inclusive count has all that it calls."""


def counted(profile: Path) -> list[tuple[int, str]]:
    """The inclusive counts by function, of all functions."""
    text = subprocess.run(
        ["callgrind_annotate", "--inclusive=yes", "--threshold=100", str(profile)], capture_output=True, text=True, check=True
    ).stdout  # fmt: skip
    names = subprocess.run(
        ["swift", "demangle", "--simplified"], input=text, capture_output=True, text=True, check=True
    ).stdout
    found = re.findall(r"^ *([\d,]+) \([^)]*\)  (.*)$", names, re.MULTILINE)
    return [(int(count.replace(",", "")), name) for count, name in found]


def main() -> None:
    folder = Path(tempfile.mkdtemp())
    # Valgrind does not read this compiler's debug information.
    subprocess.run(["objcopy", "--strip-debug", sys.argv[1], str(folder / "gateway")], check=True)
    program = folder / "program"
    options = f"--tool=callgrind --instr-atstart=no --callgrind-out-file={folder}/profile"
    program.write_text(f'#!/bin/sh\nexec valgrind {options} {folder}/gateway "$@"\n')
    program.chmod(0o755)
    cluster_identity.init(folder / "cluster")
    pki.write(folder / "pki", ["127.0.0.1", "localhost"])
    gateway = GatewayProgram(program, folder, folder / "cluster", folder / "pki")
    gateway.endpoints = {"one": endpoint("one")}
    gateway.serve()
    until(lambda: gateway.get("/readyz")[0] == 200, "readiness")
    assert gateway.process is not None
    process = str(gateway.process.pid)
    context = ssl.create_default_context(cafile=str(folder / "pki/ca.pem"))
    connection = http.client.HTTPSConnection("localhost", gateway.port, context=context, timeout=60)
    form = exchange_form(gateway.identity)

    def exchange(count: int) -> None:
        for _ in range(count):
            connection.request("POST", "/one/token", form, {"Content-Type": "application/x-www-form-urlencoded"})
            response = connection.getresponse()
            response.read()
            assert response.status == 200

    exchange(20)
    subprocess.run(["callgrind_control", "-i", "on", process], check=True, stdout=subprocess.DEVNULL)
    exchange(CALLS)
    subprocess.run(["callgrind_control", "-i", "off", process], check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["callgrind_control", "-d", "end", process], check=True, stdout=subprocess.DEVNULL)
    profile = folder / "profile.1"
    until(profile.exists, "the profile")
    gateway.kill()
    counts = counted(profile)
    total = next(count for count, name in counts if name.startswith("PROGRAM TOTALS"))
    print(f"an exchange (ES256, reviewed locally): {total // CALLS:,} instructions")
    shares = 0.0
    for part, pattern in PARTS.items():
        count = max((count for count, name in counts if re.search(pattern, name)), default=0)
        if count == 0:
            raise SystemExit(f"bench-observation: the profile has no function of the {part} ({pattern})")
        shares += count / total * 100
        print(f"{part}: {count // CALLS:,} ({count / total:.2%})")
    print(f"together: {shares:.2f} %; target {TARGET} %, {'met' if shares <= TARGET else 'missed'}")


if __name__ == "__main__":
    main()
