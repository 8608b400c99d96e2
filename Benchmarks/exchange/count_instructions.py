"""Counts the instructions of a token exchange: `count_instructions.py GATEWAY PLAIN-ROUTE [FOLDER]`.

valgrind's callgrind runs both programs, one exchange at a time on one connection, so that the figures are the same on a
busy machine. Instructions of the kernel are not counted. Prints a Markdown table; FOLDER gets callgrind's output.
"""

import http.client
import re
import shutil
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

from bench_exchange import ADMIN_PORT, CONFIGURATION, HERE, KUBECONFIG, TOKENS_PORT, many_tokens, sample_token

import cluster_identity
import pki

WARM, COUNTED, PLAIN_PORT = 60, 200, 18444
FORM = (
    "grant_type=urn:ietf:params:oauth:grant-type:token-exchange"
    "&subject_token_type=urn:ietf:params:oauth:token-type:jwt&subject_token="
)
# The signature itself, hashing included. The first name that the profile has counts.
SIGNATURES = {
    "rsa": ["RSASignerV9signature", "EVP_DigestSign"],
    "ec": ["SigningKeyV9signature", "CCryptoBoringSSL_ECDSA_do_sign"],
}


class Counted:
    """A program in callgrind. Instructions are counted only within `count`."""

    def __init__(self, folder: Path, name: str, *command: str) -> None:
        self.folder = folder
        self.name = name
        self.log = (folder / f"{name}.log").open("wb")
        # valgrind does not understand the debug information of newer compilers. Names of functions stay.
        program = folder / f"{name}-program"
        subprocess.run(["strip", "-g", "-o", str(program), command[0]], check=True)
        self.process = subprocess.Popen(
            [
                "valgrind", "--tool=callgrind", "--instr-atstart=no", "--separate-threads=no",
                f"--callgrind-out-file={folder}/{name}.out", str(program), *command[1:],
            ],
            stdout=subprocess.DEVNULL, stderr=self.log,
        )  # fmt: skip

    def control(self, *options: str) -> None:
        subprocess.run(["callgrind_control", *options, str(self.process.pid)], check=True, capture_output=True)

    def count(self, title: str, call: Callable[[], None]) -> Path:
        """Returns the profile of some calls."""
        self.control("-i", "on")
        for _ in range(WARM):
            call()
        self.control("-z")
        for _ in range(COUNTED):
            call()
        before = set(self.folder.glob(f"{self.name}.out.*"))
        self.control("-d")
        self.control("-i", "off")
        (dump,) = set(self.folder.glob(f"{self.name}.out.*")) - before
        return dump.rename(self.folder / f"{self.name}-{title}.callgrind")

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(120)


def inclusive(profile: Path) -> list[tuple[float, str]]:
    """Instructions per call of each function with what it calls, the greatest first."""
    text = subprocess.run(
        ["callgrind_annotate", "--inclusive=yes", "--threshold=100", str(profile)],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    lines = re.findall(r"^ *([\d,]+) \([ \d.]+%\) +(.*)$", text, re.M)
    return [(int(count.replace(",", "")) / COUNTED, name) for count, name in lines]


def total(profile: Path) -> float:
    found = re.search(r"^(?:summary|totals): (\d+)", profile.read_text(errors="replace"), re.M)
    assert found, profile
    return int(found[1]) / COUNTED


def signature(profile: Path, endpoint: str) -> float:
    functions = inclusive(profile)
    for name in SIGNATURES[endpoint]:
        found = [count for count, function in functions if name in function]
        if found:
            return max(found)
    raise SystemExit(f"no signature in {profile}")


class Client:
    """Sends forms on one connection."""

    def __init__(self, port: int, path: str, tokens: list[str]) -> None:
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        self.connection = http.client.HTTPSConnection("127.0.0.1", port, context=context)
        self.path = path
        self.tokens = tokens
        self.sent = 0

    def __call__(self) -> None:
        body = FORM + self.tokens[self.sent % len(self.tokens)]
        self.sent += 1
        self.connection.request("POST", self.path, body, {"Content-Type": "application/x-www-form-urlencoded"})
        response = self.connection.getresponse()
        text = response.read()
        assert response.status == 200, text


def until(program: Counted, works: Callable[[], object]) -> None:
    for _ in range(600):
        try:
            works()
            return
        except (OSError, http.client.HTTPException):
            time.sleep(0.2)
        if program.process.poll() is not None:
            break
    raise SystemExit(f"not ready:\n{(program.folder / program.name).with_suffix('.log').read_text()[-3000:]}")


def main() -> None:
    gateway_program, plain_program = sys.argv[1:3]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pki.write(folder / "pki", ["localhost", "127.0.0.1"])
        cluster_identity.init(folder / "cluster")
        sample = sample_token(folder)
        tokens = many_tokens(folder, sample)
        api = subprocess.Popen(
            [sys.executable, str(HERE / "fake_api.py"), str(folder / "cluster"), str(folder / "pki")],
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert api.stdout
        port = api.stdout.readline().strip()
        (folder / "kubeconfig").write_text(KUBECONFIG.format(port=port, ca=folder / "pki/ca.pem"))
        (folder / "gateway.yaml").write_text(CONFIGURATION.format(tokens=TOKENS_PORT, admin=ADMIN_PORT))
        plain = Counted(
            folder, "plain", plain_program, str(folder / "pki/server.pem"), str(folder / "pki/server-key.pem"),
            str(PLAIN_PORT),
        )  # fmt: skip
        try:
            until(plain, lambda: Client(PLAIN_PORT, "/token", [sample])())
            reference = total(plain.count("route", Client(PLAIN_PORT, "/token", [sample])))
        finally:
            plain.stop()
        gateway = Counted(folder, "gateway", gateway_program, "serve", "--config", str(folder / "gateway.yaml"))
        try:
            until(gateway, lambda: urllib.request.urlopen(f"http://127.0.0.1:{ADMIN_PORT}/readyz").close())
            # The token listener opens after the key rings are created.
            for endpoint in ["ec", "rsa"]:
                until(gateway, lambda path=f"/{endpoint}/token": Client(TOKENS_PORT, path, [sample])())
            measure(gateway, reference, sample, tokens)
        finally:
            gateway.stop()
            api.terminate()
            if len(sys.argv) > 3:
                shutil.copytree(folder, sys.argv[3], dirs_exist_ok=True)


def measure(gateway: Counted, reference: float, sample: str, tokens: list[str]) -> None:
    print(f"F, a plain route: {reference / 1000:.0f} thousand instructions.\n")
    print("| exchange | instructions | of the signature | without it | compared with F |\n|---|---|---|---|---|")
    for endpoint, title in [("ec", "ES256"), ("rsa", "RS256")]:
        cached = 0.0
        for review, chosen in [("cached", [sample]), ("not cached", tokens)]:
            client = Client(TOKENS_PORT, f"/{endpoint}/token", chosen)
            profile = gateway.count(f"{endpoint}-{review.replace(' ', '-')}", client)
            tokens = tokens[client.sent :] if chosen is tokens else tokens
            whole, signing = total(profile), signature(profile, endpoint)
            rest = whole - signing
            more = f", {(rest - cached) / reference:.2f} F more" if cached else ""
            cached = rest
            print(
                f"| {title}, review {review} | {whole / 1000:.0f} k | {signing / 1000:.0f} k | {rest / 1000:.0f} k "
                f"| {rest / reference:.2f} F{more} |"
            )


if __name__ == "__main__":
    main()
