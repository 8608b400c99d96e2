"""Measures memory, wake-ups and CPU of a sidecar with three endpoints: `measure.py PROGRAM [ROUNDS]`.

The tokens expire after two seconds. With the default lifetime of 900 s, an hour has six rounds.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / "Peers")]

import child_process  # noqa: E402
import pki  # noqa: E402
from fault_gateway import FaultGateway  # noqa: E402


def memory(process: int) -> dict[str, int]:
    """The fields of /proc/PID/smaps_rollup in KiB."""
    lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()[1:]
    return {name: int(value.split()[0]) for name, value in (line.split(":") for line in lines)}


def switches(process: int) -> int:
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if "voluntary_ctxt_switches" in line)


def cpu(process: int) -> float:
    """The CPU time in milliseconds."""
    return int(Path(f"/proc/{process}/schedstat").read_text().split()[0]) / 1e6


def main() -> None:
    program, rounds = Path(sys.argv[1]).resolve(), int(sys.argv[2]) if len(sys.argv) > 2 else 60
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pki.write(folder / "pki", ["127.0.0.1"])
        (folder / "tokens").mkdir()
        (folder / "subject").write_text("a.b.c")
        gateway = FaultGateway(folder / "pki", ttl=2, bundle=(folder / "pki/ca.pem").read_bytes()).start()
        process = child_process.start(
            [program, "run"], stderr=subprocess.DEVNULL, cwd="/",
            env={
                "STS_SERVER": gateway.url, "STS_ENDPOINTS": "one,two,three",
                "STS_SUBJECT_TOKEN_FILE": str(folder / "subject"), "STS_TOKEN_DIRECTORY": str(folder / "tokens"),
                "STS_CA_FILE": str(folder / "pki/ca.pem"), "STS_TERMINATION_LOG": str(folder / "termination"),
            },
        )  # fmt: skip

        def reach(count: int) -> None:
            while len(gateway.issued) < 3 * count:
                assert process.poll() is None
                time.sleep(0.05)
            time.sleep(0.4)

        reach(1)
        first, begun = memory(process.pid), cpu(process.pid)
        reach(rounds)
        last, ended = memory(process.pid), cpu(process.pid)
        gateway.ttl = 600
        reach(rounds + 1)
        awake = switches(process.pid)
        time.sleep(20)
        awake = switches(process.pid) - awake
        assert child_process.end(process) == 0
        gateway.stop()
    print(f"| three endpoints, idle | after the first round | after {rounds} rounds |\n|---|---|---|")
    for title, names in [
        ("resident", ["Rss"]), ("private (anonymous)", ["Anonymous"]), ("proportional", ["Pss"]),
    ]:  # fmt: skip
        print(f"| {title} | {sum(first[n] for n in names)} KiB | {sum(last[n] for n in names)} KiB |")
    print(f"| program | {os.stat(program).st_size / 1e6:.1f} MB | |")
    print(f"| CPU for a round of three tokens | | {(ended - begun) / (rounds - 1):.1f} ms |")
    print(f"| wake-ups in 20 s between refreshes | | {awake} |")


if __name__ == "__main__":
    main()
