"""Measures thousands of endpoints: `bench_many.py GATEWAY [COUNT…]`. Prints a Markdown table.

The keys are ES256 keys in a directory, which the first start creates. `one label` are endpoints whose Pods all have the
same label.
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench_rotation import REPOSITORY, Gateway, endpoint, write

import cluster_identity
import pki

COUNTS = [50, 500, 2_000, 5_000]


def endpoints(count: int, label: str | None = None) -> list[dict]:
    made = [endpoint(f"e{number}", {}) for number in range(count)]
    for one in made:
        del one["publish"], one["rotation"]
        one["token"]["algorithm"] = "ES256"
        if label:
            one["injector"]["label"] = label
    return made


def check(program: str, folder: Path) -> float:
    begin = time.monotonic()
    result = subprocess.run(
        [program, "config", "check", "gateway.yaml", "--plugins", str(REPOSITORY / "plugins.json")],
        cwd=folder, capture_output=True, text=True,
    )  # fmt: skip
    seconds = time.monotonic() - begin
    if result.returncode not in (0, 78):
        raise SystemExit(result.stdout[-2000:] + result.stderr[-2000:])
    return seconds


def main() -> None:
    program, counts = sys.argv[1], [int(text) for text in sys.argv[2:]] or COUNTS
    print("| endpoints | ready after | resident | anonymous | `config check` | of one label | bytes of YAML |")
    print("|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as name:
        for count in counts:
            folder = Path(name) / str(count)
            folder.mkdir()
            pki.write(folder / "pki", ["localhost", "127.0.0.1"])
            cluster_identity.init(folder / "cluster")
            write(folder, endpoints(count))
            size = (folder / "gateway.yaml").stat().st_size
            with Gateway(program, folder, 600):
                pass
            with Gateway(program, folder, 60) as gateway:
                # Free memory is given back every 30 s.
                time.sleep(35)
                status = Path(f"/proc/{gateway.process.pid}/status").read_text()
                resident, anonymous = (
                    int(line.split()[1]) / 1024
                    for field in ["VmRSS", "RssAnon"]
                    for line in status.splitlines()
                    if line.startswith(field)
                )
                ready = gateway.seconds
            own = check(program, folder)
            write(folder, endpoints(count, "shared"))
            shared = check(program, folder)
            print(
                f"| {count} | {ready:.2f} s | {resident:.0f} MiB | {anonymous:.0f} MiB | {own:.2f} s | {shared:.2f} s "
                f"| {size} |", flush=True,
            )  # fmt: skip


if __name__ == "__main__":
    main()
