"""Measures the periodic check of unchanged documents: `bench_publication.py GATEWAY`. Prints a table.

A separate process is a fake S3 without TLS that counts requests. A round is one check of both documents of every
endpoint.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parents[1]
sys.path[:0] = [str(REPOSITORY / "Tests/Peers")]

import cluster_identity  # noqa: E402
import pki  # noqa: E402

ENDPOINTS, ROUNDS, INTERVAL = 100, 5, 10


def write(folder: Path, url: str) -> None:
    """The configuration as JSON, which is YAML."""
    endpoints = [
        {
            "name": f"e{number}", "plugin": "aws", "audience": "sts.amazonaws.com", "path": f"/e{number}",
            "azRules": [{"scope": "filter", "constraint": "(namespace=default)"}],
            "issuer": {"host": f"e{number}.cloudfront.net"},
            "injector": {"label": f"e{number}"},
            "subjectToken": {"audiences": ["bench"]},
            "token": {"algorithm": "ES256"},
            "publish": {
                "plugin": "aws", "bucket": f"issuer-e{number}", "region": "us-east-1", "pathStyle": True,
                "credentials": ["environment"], "endpoints": {"s3": url},
                "probe": {"enabled": False, "interval": f"{INTERVAL}s"},
            },
        }
        for number in range(ENDPOINTS)
    ]  # fmt: skip
    (folder / "gateway.yaml").write_text(json.dumps({
        "cluster": "bench",
        "listeners": {"tokens": "127.0.0.1:0", "admin": "127.0.0.1:0"},
        "tls": {"certificates": [{"certificate": "pki/server.pem", "key": "pki/server-key.pem"}]},
        "review": {"offline": {"jwks": "cluster/jwks.json", "issuer": cluster_identity.ISSUER}},
        "keyStore": {"directory": "keys"},
        "sts": {"endpoints": endpoints},
    }))  # fmt: skip


def cpu(process: subprocess.Popen[bytes]) -> float:
    """The CPU time so far (user and system), in seconds."""
    fields = Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(program: str, folder: Path) -> None:
    peer = subprocess.Popen([sys.executable, str(HERE / "counting_s3.py")], stdout=subprocess.PIPE, text=True)
    assert peer.stdout
    port = peer.stdout.readline().strip()
    write(folder, f"http://127.0.0.1:{port}")
    ours = {"AWS_ACCESS_KEY_ID": "AKIABENCHBENCHBENCH0", "AWS_SECRET_ACCESS_KEY": "bench", "NO_PROXY": "127.0.0.1"}
    with (folder / "log").open("wb") as log:
        gateway = subprocess.Popen(
            [program, "serve", "--config", "gateway.yaml", "--plugins", str(REPOSITORY / "plugins.json")],
            stdout=subprocess.DEVNULL, stderr=log, cwd=folder, env={**os.environ, **ours},
        )  # fmt: skip
    try:
        end = time.monotonic() + 60
        while count(port).get("PUT", 0) < 2 * ENDPOINTS:
            assert gateway.poll() is None and time.monotonic() < end, (folder / "log").read_text()[-2000:]
            time.sleep(0.2)
        time.sleep(INTERVAL / 2)
        figures = []
        before, used = count(port), cpu(gateway)
        for _ in range(ROUNDS):
            time.sleep(INTERVAL)
            after, now = count(port), cpu(gateway)
            figures.append((
                after.get("HEAD", 0) - before.get("HEAD", 0), sum(after.values()) - sum(before.values()), now - used
            ))  # fmt: skip
            before, used = after, now
        # An endpoint's rounds follow after 80 to 100 % of the interval, so an interval has up to 1.25 of them.
        heads, requests, seconds = (statistics.mean(column) for column in zip(*figures, strict=True))
        print("| unchanged endpoints | HEAD requests | all requests | gateway's CPU |\n|---|---|---|---|")
        print(f"| {ENDPOINTS} | {heads:.0f} | {requests:.0f} | {seconds:.2f} s |")
        print(f"\nMeans of {ROUNDS} intervals. Targets: at most {2.5 * ENDPOINTS:.0f} HEAD requests, under 1 s.")
    finally:
        gateway.terminate()
        gateway.wait(30)
        peer.terminate()


def count(port: str) -> dict[str, int]:
    """Requests by method, as the fake S3 has counted them."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/-/count") as answer:
        return json.loads(answer.read())


def main() -> None:
    parser = argparse.ArgumentParser(description="Measures the periodic check of unchanged documents.")
    parser.add_argument("gateway", help="a release build of sts-gateway")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pki.write(folder / "pki", ["localhost", "127.0.0.1"])
        cluster_identity.init(folder / "cluster")
        measure(str(Path(options.gateway).resolve()), folder)


if __name__ == "__main__":
    main()
