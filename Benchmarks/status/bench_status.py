"""Measures the gateway's own CPU time of a scrape and of a status page with 500 endpoints, in ms per response.

    scripts/bench-status GATEWAY
"""

import http.client
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "Tests" / "Peers"))

import cluster_identity
import pki
from gateway_program import OWN_AUDIENCE, GatewayProgram
from waiting import until

ENDPOINTS = 500
ROUNDS = 40
TARGETS = {"/metrics": 20, "/status": 50, "/status?format=json": 50}


def endpoint(name: str) -> dict[str, Any]:
    return {
        "name": name, "plugin": "oidc", "audience": "verifiers", "path": f"/{name}",
        "azRules": [{"scope": "filter", "constraint": "(namespace=default)"}],
        "issuer": {"host": f"{name}.issuer.example"}, "token": {"algorithm": "ES256"},
        "subjectToken": {"audiences": [OWN_AUDIENCE]}, "publish": {"probe": {"enabled": False}},
    }  # fmt: skip


def processor_time(process: int) -> float:
    """Seconds of all threads, in user and kernel mode."""
    fields = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    folder = Path(tempfile.mkdtemp())
    cluster_identity.init(folder / "cluster")
    pki.write(folder / "pki", ["127.0.0.1", "localhost"])
    gateway = GatewayProgram(Path(sys.argv[1]).resolve(), folder, folder / "cluster", folder / "pki")
    gateway.endpoints = {f"e{number}": endpoint(f"e{number}") for number in range(ENDPOINTS)}
    gateway.serve()
    assert gateway.process is not None
    until(lambda: gateway.get("/readyz")[0] == 200, "readiness")
    for name in gateway.endpoints:
        assert gateway.exchange(name) == 200
    process = gateway.process.pid
    connection = http.client.HTTPConnection("127.0.0.1", gateway.admin_port, timeout=60)
    for path, target in TARGETS.items():
        begin = processor_time(process)
        length = 0
        for _ in range(ROUNDS):
            connection.request("GET", path)
            length = len(connection.getresponse().read())
        spent = (processor_time(process) - begin) / ROUNDS * 1_000
        verdict = "met" if spent <= target else "missed"
        print(f"{path}: {spent:.1f} ms of CPU, {length // 1024} KiB; target {target} ms, {verdict}")
    gateway.kill()


if __name__ == "__main__":
    main()
