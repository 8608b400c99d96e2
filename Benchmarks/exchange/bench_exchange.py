"""Measures token exchanges: `bench_exchange.py GATEWAY [PLAIN-ROUTE SIGNATURES]`. Needs wrk; prints Markdown tables.

The load generator and the fake API server have one core and the gateway has another one. The figure is the gateway's
own CPU time (/proc/PID/stat, user and system) divided by the number of exchanges. With the other two programs it is
compared with F, the CPU time of a plain Hummingbird route, and S, that of the signature alone; windows of all of them
alternate.
"""

import contextlib
import os
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1] / "Tests/Peers")]

import cluster_identity  # noqa: E402
import pki  # noqa: E402
from waiting import until  # noqa: E402

SECONDS, WINDOWS, CONNECTIONS = 5, 3, 16
ROUNDS, ROUND_SECONDS = 7, 3
TOKENS_PORT, ADMIN_PORT, PLAIN_PORT = 18443, 19090, 18444
# Pins a program to a core.
OWN, OTHERS = ["taskset", "-c", "0"], ["taskset", "-c", "1"]
CONFIGURATION = """
cluster: bench
listeners: {{tokens: "127.0.0.1:{tokens}", admin: "127.0.0.1:{admin}"}}
tls: {{certificates: [{{certificate: pki/server.pem, key: pki/server-key.pem}}]}}
review: {{kind: kubernetes, kubeconfig: kubeconfig}}
keyStore: {{directory: keys}}
limits: {{serviceAccountRate: 1000000, serviceAccountBurst: 1000000, totalRate: 1000000, totalBurst: 1000000}}
sts:
  endpoints:
  - name: rsa
    plugin: oidc
    audience: bench
    path: /rsa
    azRules: [{{scope: filter, constraint: "(&(namespace=default)(saname=web))"}}]
    issuer: {{host: rsa.issuer.example}}
    injector: {{label: rsa}}
    subjectToken: {{audiences: [bench]}}
  - name: ec
    plugin: oidc
    audience: bench
    path: /ec
    azRules: [{{scope: filter, constraint: "(&(namespace=default)(saname=web))"}}]
    issuer: {{host: ec.issuer.example}}
    injector: {{label: ec}}
    subjectToken: {{audiences: [bench]}}
    token: {{algorithm: ES256}}
"""
KUBECONFIG = """
apiVersion: v1
kind: Config
current-context: c
contexts: [{{name: c, context: {{cluster: c, user: u}}}}]
clusters: [{{name: c, cluster: {{server: "https://localhost:{port}", certificate-authority: {ca}}}}}]
users: [{{name: u, user: {{token: bench}}}}]
"""


def openssl_speed() -> dict[str, float]:
    """The time of one signature on one core, in microseconds."""
    text = subprocess.run(
        [*OWN, "openssl", "speed", "-seconds", "3", "rsa2048", "ecdsap256"], capture_output=True, text=True, check=True
    ).stdout
    rsa = re.search(r"^rsa 2048 bits\s+\S+\s+\S+\s+(\S+)", text, re.M)
    ec = re.search(r"^ *256 bits ecdsa.*?\s+\S+s\s+\S+s\s+(\S+)", text, re.M)
    assert rsa and ec, text
    return {"rsa": 1e6 / float(rsa[1]), "ec": 1e6 / float(ec[1])}


class Gateway:
    def __init__(self, program: str, folder: Path) -> None:
        self.log = (folder / "gateway.log").open("wb")
        self.process = subprocess.Popen(
            [*OWN, program, "serve", "--config", str(folder / "gateway.yaml")],
            stdout=subprocess.DEVNULL, stderr=self.log,
        )
        for _ in range(100):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{ADMIN_PORT}/readyz").close()
                return
            except OSError:
                assert self.process.poll() is None, (folder / "gateway.log").read_text()
                time.sleep(0.1)
        raise SystemExit("the gateway is not ready in time")

    def cpu(self) -> float:
        return cpu(Path(f"/proc/{self.process.pid}"))

    def signing(self) -> float:
        """The CPU time of the threads for RSA signatures, in seconds."""
        threads = Path(f"/proc/{self.process.pid}/task").iterdir()
        return sum(cpu(thread) for thread in threads if (thread / "comm").read_text().startswith("TP-"))


def cpu(process: Path) -> float:
    """The CPU time so far of a process or thread, in seconds."""
    fields = (process / "stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def wrk(script: str, url: str, connections: int, seconds: int = SECONDS, **environment: str) -> tuple[int, int, float]:
    """Requests, errors, and the 99th percentile of the latency in milliseconds."""
    threads = "2" if connections > 1 else "1"
    text = subprocess.run(
        [*OTHERS, "wrk", "-t", threads, "-c", str(connections), "-d", f"{seconds}s", "-s", str(HERE / script), url],
        capture_output=True, text=True, check=True, env={**os.environ, **environment},
    ).stdout  # fmt: skip
    found = re.search(r"RESULT (\d+) (\d+) (\d+)", text)
    assert found, text
    return int(found[1]), int(found[2]), int(found[3]) / 1000


def is_listening(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
        return True
    return False


def main() -> None:
    program = sys.argv[1]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pki.write(folder / "pki", ["localhost", "127.0.0.1"])
        cluster_identity.init(folder / "cluster")
        sample = sample_token(folder)
        (folder / "cached").write_text(sample + "\n")
        uncached = Uncached(folder, sample)
        api = subprocess.Popen(
            [*OTHERS, sys.executable, str(HERE / "fake_api.py"), str(folder / "cluster"), str(folder / "pki")],
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert api.stdout
        port = api.stdout.readline().strip()
        (folder / "kubeconfig").write_text(KUBECONFIG.format(port=port, ca=folder / "pki/ca.pem"))
        (folder / "gateway.yaml").write_text(CONFIGURATION.format(tokens=TOKENS_PORT, admin=ADMIN_PORT))
        gateway = Gateway(program, folder)
        try:
            if len(sys.argv) > 3:
                compare(gateway, folder, uncached, sys.argv[2], sys.argv[3])
            measure(gateway, folder, uncached)
        finally:
            gateway.process.terminate()
            api.terminate()
            gateway.process.wait(20)


def sample_token(folder: Path) -> str:
    return subprocess.run(
        [
            sys.executable, str(HERE.parents[1] / "Tests/Peers/cluster_identity.py"), "token", str(folder / "cluster"),
            "--namespace", "default", "--serviceaccount", "web", "--pod", "web-0", "--node", "node-1",
            "--audience", "bench",
        ],
        capture_output=True, text=True, check=True,
    ).stdout.strip()  # fmt: skip


def many_tokens(folder: Path, sample: str, count: int = 6000) -> list[str]:
    """Different tokens, each with its own `jti`."""
    import base64
    import json
    import uuid

    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import padding

    key = serialization.load_pem_private_key((folder / "cluster/signing-key.pem").read_bytes(), None)
    header, payload, _ = sample.split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))

    def encode(data: bytes) -> str:
        return base64.urlsafe_b64encode(data).rstrip(b"=").decode()

    def sign(_: int) -> str:
        text = header + "." + encode(json.dumps({**claims, "jti": str(uuid.uuid4())}).encode())
        return text + "." + encode(key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256()))

    return [sign(index) for index in range(count)]


class Uncached:
    """Tokens of which none is sent again before its cached review has ended."""

    COUNT = 40_000
    """More than the load generator sends within the lifetime of a review, 5 s, twice."""

    def __init__(self, folder: Path, sample: str) -> None:
        self.file = folder / "uncached"
        self.file.write_text("\n".join(many_tokens(folder, sample, self.COUNT)) + "\n")
        self.used = 0

    def environment(self) -> dict[str, str]:
        return {"TOKENS": str(self.file), "START": str(self.used)}

    def sent(self, requests: int, reviewed: int) -> None:
        """Each thread of the load generator has sent about half of them."""
        assert reviewed >= 0.99 * requests, f"only {reviewed} of {requests} tokens were reviewed"
        self.used = (self.used + requests * 2 // 3) % self.COUNT


def reviews() -> int:
    """The tokens so far whose review was not cached."""
    text = urllib.request.urlopen(f"http://127.0.0.1:{ADMIN_PORT}/metrics").read().decode()
    found = re.search(r'^sts_tokenreview_cache_total\{result="miss"\} (\d+)', text, re.M)
    return int(found[1]) if found else 0


def spread(values: list[float], digits: int = 0) -> str:
    return f"{statistics.median(values):.{digits}f} ({min(values):.{digits}f} to {max(values):.{digits}f})"


def exchanges(case: tuple[str, str], folder: Path, uncached: Uncached, seconds: int) -> tuple[int, float]:
    """Exchanges at an endpoint, of one token or of different ones: how many, and the 99th percentile of the latency."""
    endpoint, review = case
    before = reviews()
    environment = uncached.environment() if review == "uncached" else {"TOKENS": str(folder / "cached")}
    requests, errors, p99 = wrk(
        "exchange.lua", f"https://127.0.0.1:{TOKENS_PORT}/{endpoint}/token", CONNECTIONS, seconds, **environment
    )
    assert requests and not errors, f"{errors} of {requests} exchanges failed"
    if review == "uncached":
        uncached.sent(requests, reviews() - before)
    return requests, p99


def compare(gateway: Gateway, folder: Path, uncached: Uncached, plain_program: str, signatures_program: str) -> None:
    """Compares exchanges with a plain route (F) and with the signature alone (S) in alternating windows."""
    signed = subprocess.run([*OWN, signatures_program], capture_output=True, text=True, check=True).stdout
    alone = {name: float(time) for name, time in (line.split() for line in signed.splitlines())}
    bare = openssl_speed()
    pki_folder = folder / "pki"
    plain = subprocess.Popen(
        [*OWN, plain_program, str(pki_folder / "server.pem"), str(pki_folder / "server-key.pem"), str(PLAIN_PORT)]
    )
    until(lambda: is_listening(PLAIN_PORT), "the plain route")
    cases = [(endpoint, review) for endpoint in ["rsa", "ec"] for review in ["cached", "uncached"]]
    plain_times: list[float] = []
    times: dict[tuple[str, str], list[float]] = {case: [] for case in cases}
    rates: dict[tuple[str, str], list[float]] = {case: [] for case in cases}
    signing: list[float] = []
    try:
        for number in range(ROUNDS + 1):
            seconds = ROUND_SECONDS if number else 1
            before = cpu(Path(f"/proc/{plain.pid}"))
            requests, errors, _ = wrk(
                "exchange.lua", f"https://127.0.0.1:{PLAIN_PORT}/token", CONNECTIONS, seconds,
                TOKENS=str(folder / "cached"),
            )  # fmt: skip
            assert requests and not errors
            if number:
                plain_times.append((cpu(Path(f"/proc/{plain.pid}")) - before) * 1e6 / requests)
            for endpoint, review in cases:
                before, before_signing = gateway.cpu(), gateway.signing()
                requests, _ = exchanges((endpoint, review), folder, uncached, seconds)
                if not number:
                    continue
                whole = (gateway.cpu() - before) * 1e6 / requests
                own = (gateway.signing() - before_signing) * 1e6 / requests if endpoint == "rsa" else alone["ES256"]
                if endpoint == "rsa":
                    signing.append(own)
                times[endpoint, review].append(whole - own)
                rates[endpoint, review].append(requests / seconds)
    finally:
        plain.terminate()
        plain.wait(20)
    reference = statistics.median(plain_times)
    print(f"F, a plain route: {spread(plain_times)} µs. Load average: {os.getloadavg()[0]:.1f}.\n")
    print(
        f"S of RS256, the threads for signatures: {spread(signing)} µs; in a loop {alone['RS256']:.0f} µs; "
        f"`openssl speed` {bare['rsa']:.0f} µs: {statistics.median(signing) / bare['rsa']:.2f} ×. "
        f"S of ES256, in a loop: {alone['ES256']:.1f} µs.\n"
    )
    print("| exchange | CPU without the signature, µs | compared with F | exchanges/s |\n|---|---|---|---|")
    for endpoint, review in cases:
        own = statistics.median(times[endpoint, review])
        text = f"{own / reference:.2f} F"
        if review == "uncached":
            text += f", {(own - statistics.median(times[endpoint, 'cached'])) / reference:.2f} F more"
        name = "RS256" if endpoint == "rsa" else "ES256"
        title = f"{name}, review {'cached' if review == 'cached' else 'not cached'}"
        rate = statistics.median(rates[endpoint, review])
        print(f"| {title} | {spread(times[endpoint, review])} | {text} | {rate:.0f} |")
    print()


def measure(gateway: Gateway, folder: Path, uncached: Uncached) -> None:
    bare = openssl_speed()
    print("| exchange | gateway's CPU | compared with the signature alone | exchanges/s | p99 |\n|---|---|---|---|---|")
    rate = 0.0
    base = f"https://127.0.0.1:{TOKENS_PORT}"
    for endpoint, title in [("rsa", "RS256 (2048 bits)"), ("ec", "ES256")]:
        for review in ["cached", "uncached"]:
            figures = []
            exchanges((endpoint, review), folder, uncached, 2)
            for _ in range(WINDOWS):
                before = gateway.cpu()
                requests, p99 = exchanges((endpoint, review), folder, uncached, SECONDS)
                figures.append(((gateway.cpu() - before) * 1e6 / requests, requests / SECONDS, p99))
            cpu, per_second, p99 = (statistics.median(column) for column in zip(*figures, strict=True))
            if endpoint == "rsa" and review == "cached":
                rate = per_second
            print(
                f"| {title}, review {'cached' if review == 'cached' else 'not cached'} | {cpu:.0f} µs "
                f"| {cpu / bare[endpoint]:.2f} × | {per_second:.0f} | {p99:.1f} ms |"
            )
    print(f"\nThe signature alone, by `openssl speed`: RSA-2048 {bare['rsa']:.0f} µs, P-256 {bare['ec']:.1f} µs.\n")
    certificates(base, folder, rate)
    for endpoint, title in [("rsa", "RS256"), ("ec", "ES256")]:
        profile(gateway, f"{base}/{endpoint}/token", title, folder)


# Categories of samples by function name; the first match counts.
PLACES = [
    ("signature and hashes (CCryptoBoringSSL)", r"CCryptoBoringSSL|bn_|rsaz|ecp_nistz|p256|sha256_block"),
    ("TLS records (CNIOBoringSSL)", r"CNIOBoringSSL|gcm_|aesni|vpaes|aes_hw"),
    ("kernel: sockets, scheduling", r"\[k\]"),
    ("Swift runtime: reference counts, casts, tasks", r"swift_|_swift|swift::|Swift::"),
    ("memory: malloc, free, memmove", r"malloc|free|calloc|realloc|mem(move|cpy|set)|_int_"),
    ("SwiftNIO and its TLS handler", r"NIO"),
    ("Hummingbird", r"Hummingbird"),
    ("the gateway: server", r"GatewayServer"),
    ("the gateway: core and JOSE", r"GatewayCore|4JOSE|PluginAPI"),
    ("Foundation", r"Foundation"),
    ("Swift's standard library", r"\$s[sS]|\$ss"),
]


def profile(gateway: Gateway, url: str, title: str, folder: Path) -> None:
    """Samples the gateway at full load with perf, if it is installed."""
    data = folder / "perf.data"
    with ThreadPoolExecutor(1) as pool:
        load = pool.submit(wrk, "exchange.lua", url, CONNECTIONS, TOKENS=str(folder / "cached"))
        time.sleep(0.5)
        try:
            subprocess.run(
                ["perf", "record", "-q", "-F", "997", "-o", str(data), "-p", str(gateway.process.pid), "sleep", "4"],
                check=True, capture_output=True,
            )  # fmt: skip
        except (OSError, subprocess.CalledProcessError) as error:
            print(f"\nNo profile: {error}")
            return
        finally:
            load.result()
    text = subprocess.run(
        ["perf", "report", "-i", str(data), "--stdio", "--no-demangle", "--sort", "symbol", "-g", "none"],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    shares: dict[str, float] = {}
    for percent, symbol in re.findall(r"^\s*([\d.]+)%\s+(.*?)\s*$", text, re.M):
        place = next((place for place, pattern in PLACES if re.search(pattern, symbol)), "else")
        shares[place] = shares.get(place, 0) + float(percent)
    print(f"\n| {title}: where the gateway's CPU goes (perf, 4 s) | share |\n|---|---|")
    for place, share in sorted(shares.items(), key=lambda item: -item[1]):
        print(f"| {place} | {share:.0f} % |")


def certificates(base: str, folder: Path, rate: float) -> None:
    """The latency of another request while tokens are issued."""
    print("| `GET /rsa/certs` while RS256 tokens are issued | p99 |\n|---|---|")
    environment = {"TOKENS": str(folder / "cached")}
    half = f"{max(1, round(CONNECTIONS / (rate / 2) * 1000))}"
    results = {}
    for title, pause in [("at half load", half), ("at full load", "0")]:
        values = []
        for _ in range(WINDOWS):
            with ThreadPoolExecutor(1) as pool:
                load = pool.submit(
                    wrk, "exchange.lua", f"{base}/rsa/token", CONNECTIONS, SECONDS + 1, **environment, DELAY=pause
                )
                time.sleep(0.5)
                values.append(wrk("get.lua", f"{base}/rsa/certs", 1, SECONDS - 1)[2])
                requests = load.result()[0]
        results[title] = statistics.median(values)
        print(f"| {title} ({requests / (SECONDS + 1):.0f}/s) | {results[title]:.1f} ms |")
    print(f"\nFull load compared with half load: {results['at full load'] / results['at half load']:.1f} ×.")


if __name__ == "__main__":
    main()
