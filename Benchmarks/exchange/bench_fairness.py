"""Measures fairness: `bench_fairness.py GATEWAY [SECONDS]`. Needs wrk; prints a Markdown table.

Tenant A sends exchanges over 64 connections without pause, tenant B five a second. The 99th percentile of B's latency
is compared with the one that B has alone: the median of five windows each, alone and with A in turn.
"""

import http.client
import json
import socket
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bench_exchange import ADMIN_PORT, CONFIGURATION, HERE, KUBECONFIG, TOKENS_PORT, Gateway, wrk

import cluster_identity
import pki

WINDOWS, CONNECTIONS, RATE, FACTOR = 5, 64, 5, 1.5
RULE = 'constraint: "(&(namespace=default)(saname=web))"'


def token(folder: Path, account: str) -> str:
    return subprocess.run(
        [
            sys.executable, str(HERE.parents[1] / "Tests/Peers/cluster_identity.py"), "token", str(folder / "cluster"),
            "--namespace", "default", "--serviceaccount", account, "--pod", f"{account}-0", "--node", "node-1",
            "--audience", "bench",
        ],
        capture_output=True, text=True, check=True,
    ).stdout.strip()  # fmt: skip


def tenant_b(text: str, seconds: float, context: ssl.SSLContext) -> float:
    """The 99th percentile of B's latency in milliseconds: of 5 calls a second that is nearly the longest."""
    connection = http.client.HTTPSConnection("127.0.0.1", TOKENS_PORT, context=context)
    body = (
        "grant_type=urn:ietf:params:oauth:grant-type:token-exchange"
        f"&subject_token_type=urn:ietf:params:oauth:token-type:jwt&subject_token={text}"
    )
    latencies, start = [], time.perf_counter()
    for call in range(int(seconds * RATE)):
        time.sleep(max(0.0, start + call / RATE - time.perf_counter()))
        sent = time.perf_counter()
        connection.request("POST", "/rsa/token", body, {"Content-Type": "application/x-www-form-urlencoded"})
        response = connection.getresponse()
        answer = json.loads(response.read())
        latencies.append((time.perf_counter() - sent) * 1000)
        assert response.status == 200, answer
    return statistics.quantiles(latencies, n=100, method="inclusive")[98]


def wait_for_tokens() -> None:
    """The token listener opens after the key rings are created."""
    for _ in range(300):
        try:
            socket.create_connection(("127.0.0.1", TOKENS_PORT), 1).close()
            return
        except OSError:
            time.sleep(0.1)
    raise SystemExit("the token listener is not open in time")


def main() -> None:
    program, seconds = sys.argv[1], float(sys.argv[2]) if len(sys.argv) > 2 else 10.0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pki.write(folder / "pki", ["localhost", "127.0.0.1"])
        cluster_identity.init(folder / "cluster")
        (folder / "a").write_text(token(folder, "greedy") + "\n")
        other = token(folder, "web")
        api = subprocess.Popen(
            [sys.executable, str(HERE / "fake_api.py"), str(folder / "cluster"), str(folder / "pki")],
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert api.stdout
        port = api.stdout.readline().strip()
        (folder / "kubeconfig").write_text(KUBECONFIG.format(port=port, ca=folder / "pki/ca.pem"))
        text = CONFIGURATION.format(tokens=TOKENS_PORT, admin=ADMIN_PORT)
        # The default limits, which the other benchmark raises.
        lines = [line for line in text.splitlines() if not line.startswith("limits:")]
        (folder / "gateway.yaml").write_text("\n".join(lines).replace(RULE, 'constraint: "(namespace=default)"') + "\n")
        gateway = Gateway(program, folder)
        wait_for_tokens()
        context = ssl.create_default_context(cafile=str(folder / "pki/ca.pem"))
        try:
            alone, together, refused = [], [], 0
            url, environment = f"https://127.0.0.1:{TOKENS_PORT}/rsa/token", {"TOKENS": str(folder / "a")}
            wrk("exchange.lua", url, CONNECTIONS, 3, **environment)  # A's burst
            for _ in range(WINDOWS):
                time.sleep(1.5)
                alone.append(tenant_b(other, seconds, context))
                with ThreadPoolExecutor(1) as pool:
                    # The burst that A has regained is spent in the first seconds.
                    load = pool.submit(wrk, "exchange.lua", url, CONNECTIONS, int(seconds) + 4, **environment)
                    time.sleep(3)
                    together.append(tenant_b(other, seconds, context))
                    refused += load.result()[1]
        finally:
            gateway.process.terminate()
            api.terminate()
            gateway.process.wait(20)
    first, second = statistics.median(alone), statistics.median(together)
    print(f"| tenant B, {RATE} calls/s | p99, median of {WINDOWS} windows |\n|---|---|")
    print(f"| alone | {first:.1f} ms |\n| with tenant A, {CONNECTIONS} connections without pause | {second:.1f} ms |")
    print(f"\nThat is {second / first:.2f} × (at most {FACTOR} × is the aim). {refused} calls of A got 429.")
    if second > FACTOR * first:
        raise SystemExit("bench-fairness: tenant B is slower than the aim")


if __name__ == "__main__":
    main()
