"""Measures the node driver with a fake gateway: `scripts/measure-node PROGRAM [SIDECAR]`. Needs root, for the tmpfs of each
volume.

Prints a Markdown table: memory at 1, 10 and 100 volumes, the CPU time of a call when nothing is due, and a thousand first
calls at one instant. With a sidecar's program also both side by side: the time until the first token, and the memory.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "Peers"))

import child_process
import grpc
import pki
from fault_gateway import FaultGateway
from node_program import SERVICES, Node, Volume, csi, unmount_below

ROUNDS = 200
STORM = 1000
STARTS = 20
SIDECARS = 10


def resident(process: int) -> float:
    """MiB."""
    text = Path(f"/proc/{process}/status").read_text()
    return int(text.split("VmRSS:")[1].split()[0]) / 1024


def peak(process: int) -> float:
    text = Path(f"/proc/{process}/status").read_text()
    return int(text.split("VmHWM:")[1].split()[0]) / 1024


def seconds(process: int) -> float:
    """CPU time of the user and the system."""
    fields = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def private(process: int) -> float:
    """MiB that the process does not share."""
    lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()[1:]
    fields = {name: int(value.split()[0]) for name, value in (line.split(":") for line in lines)}
    return (fields["Private_Clean"] + fields["Private_Dirty"]) / 1024


def row(name: str, value: str) -> None:
    print(f"| {name} | {value} |", flush=True)


def measure(node: Node, publish: Any, gateway: FaultGateway) -> None:
    process = node.process.pid
    row("resident without a volume", f"{resident(process):.1f} MiB")
    volumes: list[Volume] = []
    for count in [1, 10, 100]:
        while len(volumes) < count:
            volumes.append(node.volume())
            publish(node.request(volumes[-1]))
        for volume in volumes:
            publish(node.request(volume))
        row(f"resident with {count} {'volume' if count == 1 else 'volumes'}", f"{resident(process):.1f} MiB")
    requests = [node.request(volume) for volume in volumes]
    before = seconds(process)
    for _ in range(ROUNDS):
        for request in requests:
            publish(request)
    used = (seconds(process) - before) / (ROUNDS * len(requests))
    row("CPU of a call when nothing is due", f"{used * 1e6:.0f} µs")
    requests = [node.request(node.volume()) for _ in range(STORM)]
    before, start, earlier = seconds(process), time.monotonic(), gateway.connections
    for call in [publish.future(request) for request in requests]:
        call.result()
    row(f"{STORM} first calls at one instant", f"{time.monotonic() - start:.1f} s")
    row("their CPU, with TLS and files", f"{seconds(process) - before:.2f} s")
    row("their connections to the gateway", f"{gateway.connections - earlier}")
    row("peak of the resident memory", f"{peak(process):.1f} MiB")
    row("program", f"{node.program.stat().st_size / 1e6:.1f} MB")


def start_sidecar(sidecar: Path, folder: Path, gateway: FaultGateway) -> subprocess.Popen[bytes]:
    (folder / "tokens").mkdir(parents=True)
    (folder / "subject").write_text("a.b.c")
    return child_process.start(
        [sidecar, "run"], stderr=subprocess.DEVNULL, cwd="/",
        env={
            "STS_SERVER": gateway.url, "STS_ENDPOINTS": "one", "STS_SUBJECT_TOKEN_FILE": str(folder / "subject"),
            "STS_TOKEN_DIRECTORY": str(folder / "tokens"), "STS_CA_FILE": str(folder.parent / "pki/ca.pem"),
            "STS_TERMINATION_LOG": str(folder / "termination"),
        },
    )  # fmt: skip


def compare(node: Node, publish: Any, gateway: FaultGateway, sidecar: Path) -> None:
    """What a Pod waits for before its first container starts, and what it needs in memory, apart from the kubelet."""
    publish(node.request(node.volume()))
    calls = []
    for _ in range(STARTS):
        request = node.request(node.volume())
        begun = time.monotonic()
        publish(request)
        calls.append(time.monotonic() - begun)
    processes, starts = [], []
    try:
        for number in range(STARTS):
            folder = node.folder / f"sidecar-{number}"
            begun = time.monotonic()
            processes.append(start_sidecar(sidecar, folder, gateway))
            while not (folder / "tokens/one/token").exists():
                assert processes[-1].poll() is None
                time.sleep(0.0005)
            # The startup probe of its container.
            subprocess.run(
                [sidecar, "probe"], check=True,
                env={"STS_ENDPOINTS": "one", "STS_TOKEN_DIRECTORY": str(folder / "tokens"), "STS_SERVER": gateway.url},
            )  # fmt: skip
            starts.append(time.monotonic() - begun)
        alive = [one.pid for one in processes[:SIDECARS]]
        memory = statistics.mean(private(one) for one in alive), statistics.mean(resident(one) for one in alive)
    finally:
        for process in processes:
            child_process.kill(process)
    row("first token of a Pod, driver (median)", f"{statistics.median(calls) * 1000:.1f} ms")
    row("first token of a Pod, sidecar with its probe (median)", f"{statistics.median(starts) * 1000:.1f} ms")
    row("memory of a Pod's sidecar, private and resident", f"{memory[0]:.1f} and {memory[1]:.1f} MiB")


def main() -> None:
    sidecar = Path(sys.argv[2]).resolve() if len(sys.argv) > 2 else None
    program = Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory(prefix="sts-node-") as name:
        folder = Path(name)
        pki.write(folder / "pki", ["127.0.0.1", "localhost"])
        for part in ["pods", "plugins", "plugins_registry"]:
            (folder / "kubelet" / part).mkdir(parents=True)
        gateway = FaultGateway(folder / "pki", ttl=900).start()
        node = Node(program, folder, "tmpfs").start(gateway.url)
        try:
            with grpc.insecure_channel(f"unix:{node.socket}") as channel:
                publish = channel.unary_unary(
                    f"/{SERVICES['NodePublishVolume']}/NodePublishVolume",
                    request_serializer=csi.NodePublishVolumeRequest.SerializeToString,
                    response_deserializer=csi.NodePublishVolumeResponse.FromString,
                )
                print("| what | measured |\n|---|---|")
                measure(node, publish, gateway)
                if sidecar:
                    compare(node, publish, gateway, sidecar)
        finally:
            node.kill()
            unmount_below(folder)
            gateway.stop()


if __name__ == "__main__":
    main()
