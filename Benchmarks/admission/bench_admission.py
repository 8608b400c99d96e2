"""Measures admission reviews while tokens are issued: `bench_admission.py GATEWAY`. Needs wrk; prints a Markdown table.

The gateway gets 200 reviews per second of a Pod of 50 KiB: alone, then while RS256 tokens are issued at half of its
maximum rate, then at the full rate. The load generators share the cores with the gateway, so compare the ratio to the
webhook alone in the same run.
"""

import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parents[1]
sys.path[:0] = [str(REPOSITORY / "Tests/Peers"), str(HERE.parent / "exchange")]

import cluster_identity  # noqa: E402
import pki  # noqa: E402
from bench_exchange import ADMIN_PORT, TOKENS_PORT, Gateway, many_tokens  # noqa: E402

SECONDS, WINDOWS, CONNECTIONS = 6, 5, 16
RATE, SIZE = 200, 50 << 10
WEBHOOK_PORT = 19443
PATH = "/k8s/webhooks/v1/injector-role"
CONFIGURATION = f"""
cluster: bench
listeners: {{tokens: "127.0.0.1:{TOKENS_PORT}", webhook: "127.0.0.1:{WEBHOOK_PORT}", admin: "127.0.0.1:{ADMIN_PORT}"}}
tls: {{certificates: [{{certificate: pki/server.pem, key: pki/server-key.pem}}]}}
review: {{offline: {{jwks: cluster/jwks.json, issuer: "{cluster_identity.ISSUER}"}}}}
keyStore: {{directory: keys}}
limits: {{serviceAccountRate: 1000000, serviceAccountBurst: 1000000, totalRate: 1000000, totalBurst: 1000000}}
injection:
  prefix: example.com
  gatewayURL: "https://sts-gateway.sts.svc:8443"
  sidecar: {{image: "example.com/sts-sidecar:1"}}
sts:
  endpoints:
  - name: role
    plugin: oidc
    audience: bench
    path: /role
    azRules: [{{scope: filter, constraint: "(&(namespace=default)(saname=web))"}}]
    issuer: {{host: rsa.issuer.example}}
    injector: {{label: role, token_environment_variable_name: TOKEN_FILE, label_value_environment_variable_name: ROLE}}
    subjectToken: {{audiences: [bench]}}
"""


def review() -> bytes:
    """A Pod with many variables, a manifest in an annotation, and managed fields."""
    count = 8
    while len(text := json.dumps(review_of(count), separators=(",", ":")).encode()) < SIZE:
        count += 1
    return text


def review_of(count: int) -> dict[str, object]:
    variables = [{"name": f"SETTING_{n}", "value": f"https://service-{n}.shop.svc:8443/api"} for n in range(count)]
    containers = [
        {
            "name": f"app-{number}",
            "image": f"registry.example.com/team/app:1.2.{number}",
            "env": variables,
            "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "256Mi"}},
            "volumeMounts": [
                {"name": f"volume-{n}", "mountPath": f"/data/{n}", "readOnly": True} for n in range(count // 4)
            ],
            "livenessProbe": {"httpGet": {"path": "/healthz", "port": 8080}, "periodSeconds": 10},
        }
        for number in range(4)
    ]
    fields = {f'k:{{"name":"SETTING_{n}"}}': {".": {}, "f:name": {}, "f:value": {}} for n in range(count)}
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "generateName": "web-",
            "namespace": "shop",
            "labels": {"app": "web", "example.com/role": "true"},
            "annotations": {"example.com/role": "reader", "manifest": json.dumps(variables)},
            "managedFields": [{"manager": "kubectl", "operation": "Update", "fieldsV1": {"f:spec": fields}}],
        },
        "spec": {
            "volumes": [{"name": f"volume-{n}", "configMap": {"name": f"settings-{n}"}} for n in range(count // 4)],
            "containers": containers,
            "serviceAccountName": "web",
        },
    }
    request = {
        "uid": "705ab4f5-6393-11e8-b7cc-42010a800002",
        "kind": {"group": "", "version": "v1", "kind": "Pod"},
        "resource": {"group": "", "version": "v1", "resource": "pods"},
        "namespace": "shop",
        "operation": "CREATE",
        "object": pod,
        "oldObject": None,
        "dryRun": False,
    }
    return {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request}


def wrk(script: Path, url: str, connections: int, seconds: int, **environment: str) -> list[int]:
    """The numbers that the script reports."""
    text = subprocess.run(
        ["wrk", "-t", "2", "-c", str(connections), "-d", f"{seconds}s", "-s", str(script), url],
        capture_output=True, text=True, check=True, env={**os.environ, **environment},
    ).stdout  # fmt: skip
    found = re.search(r"RESULT ([\d ]+)", text)
    assert found, text
    return [int(number) for number in found[1].split()]


def reviews(folder: Path) -> tuple[float, float, float]:
    """Reviews per second, and the 50th and 99th percentile of their latency in milliseconds."""
    environment = {"REVIEW": str(folder / "review.json"), "DELAY": str(round(CONNECTIONS / RATE * 1000))}
    url = f"https://127.0.0.1:{WEBHOOK_PORT}{PATH}"
    requests, errors, median, p99 = wrk(HERE / "review.lua", url, CONNECTIONS, SECONDS, **environment)
    assert errors == 0, f"{errors} of {requests} reviews failed"
    return requests / SECONDS, median / 1000, p99 / 1000


def exchanges(folder: Path, seconds: int, pause: int = 0) -> float:
    """Exchanges per second."""
    script = HERE.parent / "exchange/exchange.lua"
    environment = {"TOKENS": str(folder / "tokens"), "EXCHANGE": str(script), "DELAY": str(pause)}
    url = f"https://127.0.0.1:{TOKENS_PORT}/role/token"
    requests, errors, *_ = wrk(HERE / "minting.lua", url, CONNECTIONS, seconds, **environment)
    assert errors == 0, f"{errors} of {requests} exchanges failed"
    return requests / seconds


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pki.write(folder / "pki", ["localhost", "127.0.0.1"])
        cluster_identity.init(folder / "cluster")
        sample = subprocess.run(
            [
                sys.executable, str(REPOSITORY / "Tests/Peers/cluster_identity.py"), "token", str(folder / "cluster"),
                "--namespace", "default", "--serviceaccount", "web", "--pod", "web-0", "--node", "node-1",
                "--audience", "bench",
            ],
            capture_output=True, text=True, check=True,
        ).stdout.strip()  # fmt: skip
        (folder / "tokens").write_text("\n".join(many_tokens(folder, sample)) + "\n")
        (folder / "review.json").write_bytes(review())
        (folder / "gateway.yaml").write_text(CONFIGURATION)
        gateway = Gateway(sys.argv[1], folder)
        try:
            measure(gateway, folder)
        finally:
            gateway.process.terminate()
            gateway.process.wait(20)


def measure(gateway: Gateway, folder: Path) -> None:
    reviews(folder)
    before = gateway.cpu()
    rate = reviews(folder)[0]
    cost = (gateway.cpu() - before) / (rate * SECONDS)
    full = exchanges(folder, SECONDS)
    half = round(CONNECTIONS / (full / 2) * 1000)
    rows: dict[str, list[tuple[float, float, float, float]]] = {}
    # Alternating, so that other load of the machine affects all of them.
    for _ in range(WINDOWS):
        for title, pause in [("alone", None), ("minting at half load", half), ("minting at full load", 0)]:
            if pause is None:
                rows.setdefault(title, []).append((*reviews(folder), 0))
                continue
            with ThreadPoolExecutor(1) as pool:
                load = pool.submit(exchanges, folder, SECONDS + 1, pause)
                time.sleep(0.5)
                measured = reviews(folder)
                rows.setdefault(title, []).append((*measured, load.result()))
    size = (folder / "review.json").stat().st_size
    print(f"Reviews of {size} bytes; {cost * 1e6:.0f} µs of the gateway's CPU each, with TLS.\n")
    print("| webhook | reviews/s | exchanges/s | p50 | p99 | p99 compared with alone |\n|---|---|---|---|---|---|")
    alone = statistics.median(row[2] for row in rows["alone"])
    for title, values in rows.items():
        per_second, median, p99, minted = (statistics.median(column) for column in zip(*values, strict=True))
        print(
            f"| {title} | {per_second:.0f} | {minted:.0f} | {median:.1f} ms | {p99:.1f} ms | {p99 / alone:.1f} × |"
        )


if __name__ == "__main__":
    main()
