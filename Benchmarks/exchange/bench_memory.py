"""Measures the gateway's memory: `bench_memory.py GATEWAY [EXCHANGES]`. Needs wrk; prints a Markdown table.

Ten endpoints, idle; then a burst of exchanges (64 to 400 connections, a quarter with reviews that are not cached), and
the memory 60 s after it; then the same again.
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench_exchange import ADMIN_PORT, CONFIGURATION, HERE, KUBECONFIG, TOKENS_PORT
from bench_exchange import Gateway, many_tokens, sample_token, wrk

import cluster_identity
import pki

ENDPOINT = """
  - name: {name}
    plugin: oidc
    audience: bench
    path: /{name}
    azRules: [{{scope: filter, constraint: "(&(namespace=default)(saname=web))"}}]
    issuer: {{host: {name}.issuer.example}}
    injector: {{label: {name}}}
    subjectToken: {{audiences: [bench]}}
    token: {{algorithm: ES256}}
"""
IDLE = 60


def memory(gateway: Gateway) -> tuple[float, float]:
    """The resident and the anonymous memory, in MiB."""
    lines = Path(f"/proc/{gateway.process.pid}/status").read_text().splitlines()
    values = {line.split(":")[0]: line.split()[1] for line in lines if line.startswith(("VmRSS", "RssAnon"))}
    return int(values["VmRSS"]) / 1024, int(values["RssAnon"]) / 1024


def burst(folder: Path, exchanges: int) -> int:
    done = 0
    for connections, tokens in [(64, "cached"), (400, "cached"), (48, "uncached"), (400, "cached")]:
        part = 0
        while part < exchanges / 4:
            requests, errors, _ = wrk(
                "exchange.lua", f"https://127.0.0.1:{TOKENS_PORT}/ec/token", connections, 5, TOKENS=str(folder / tokens)
            )
            assert errors == 0, f"{errors} of {requests} exchanges failed"
            part += requests
        done += part
    return done


def main() -> None:
    exchanges = int(sys.argv[2]) if len(sys.argv) > 2 else 400_000
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pki.write(folder / "pki", ["localhost", "127.0.0.1"])
        cluster_identity.init(folder / "cluster")
        sample = sample_token(folder)
        (folder / "cached").write_text(sample + "\n")
        (folder / "uncached").write_text("\n".join(many_tokens(folder, sample)) + "\n")
        api = subprocess.Popen(
            [sys.executable, str(HERE / "fake_api.py"), str(folder / "cluster"), str(folder / "pki")],
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert api.stdout
        (folder / "kubeconfig").write_text(
            KUBECONFIG.format(port=api.stdout.readline().strip(), ca=folder / "pki/ca.pem")
        )
        (folder / "gateway.yaml").write_text(
            CONFIGURATION.format(tokens=TOKENS_PORT, admin=ADMIN_PORT)
            + "".join(ENDPOINT.format(name=f"more-{number}") for number in range(8))
        )
        gateway = Gateway(sys.argv[1], folder)
        try:
            time.sleep(10)
            print("| ten endpoints | resident | anonymous |\n|---|---|---|")
            before = memory(gateway)
            print(f"| idle | {before[0]:.1f} MiB | {before[1]:.1f} MiB |", flush=True)
            for number in range(2):
                count = burst(folder, exchanges)
                peak = memory(gateway)
                time.sleep(IDLE)
                after = memory(gateway)
                print(
                    f"| {IDLE} s after burst {number + 1} ({count} exchanges; {peak[0]:.1f} MiB at its end) "
                    f"| {after[0]:.1f} MiB ({after[0] / before[0]:.2f} ×) | {after[1]:.1f} MiB |",
                    flush=True,
                )
        finally:
            gateway.process.terminate()
            api.terminate()
            gateway.process.wait(20)


if __name__ == "__main__":
    main()
