"""A gateway at 70 % of its capacity while its keys rotate every minute, its configuration changes, watches are cut off
and Pods come and go: no verification fails, and it does not grow.

    make soak                 40 minutes
    make soak MINUTES=4       a trial of everything except growth
"""

import json
import os
import ssl
import time
import urllib.request
from pathlib import Path

import cluster_identity
import pki
from AdmissionProcess.gateway_process import review
from built_programs import REPOSITORY, built_gateway
from FaultProcess.outage import NAMESPACE, Outage, Replica
from waiting import until

from .load import LIFETIME, Load, SoakWorkload
from .readings import Readings

MINUTES = float(os.environ.get("MINUTES", "40"))
SHARE = 0.7
"""Of the capacity."""
GROWTH = 1.05
FULL = 40
"""Minutes of a run that checks growth. Retired keys stay for 21 minutes, so that the ring grows in a shorter one."""
RETENTION = LIFETIME + 300 + 2 * 1 + 900
"""Seconds that a retired key stays in the ring (docs/keys.md); one retires every minute."""
UNLIMITED = dict.fromkeys(["serviceAccountRate", "serviceAccountBurst", "totalRate", "totalBurst"], 1_000_000)
SETTINGS = {
    "limits": UNLIMITED,
    "injection": {
        "prefix": "example.com", "gatewayURL": "https://sts-gateway.sts.svc:8443",
        "sidecar": {"image": "example.com/sts-sidecar:1"},
    },
}  # fmt: skip


class Churn:
    """Everything that goes on beside the exchanges, one step a second."""

    def __init__(self, outage: Outage) -> None:
        self.outage = outage
        self.replica: Replica = outage.replicas[0]
        listening = [line for line in self.replica.log if line["message"] == "listening"]
        port = next(line["port"] for line in listening if line["listener"] == "webhook")
        self.url = f"https://localhost:{port}/k8s/webhooks/v1/injector-one"
        # The stored CA of the webhook's certificate is not the soak's subject.
        self.context = ssl.create_default_context()
        self.context.check_hostname, self.context.verify_mode = False, ssl.CERT_NONE
        self.rotations = self.reloads = self.reviews = 0

    def step(self, second: int) -> None:
        self.admit(second)
        if second % 60 == 30:
            ended = self.outage.administrator.command("keys", "rotate", "--endpoint", "one")
            assert ended.returncode == 0, ended.stdout + ended.stderr
            self.rotations += 1
        if second % 20 == 10:
            # Another rule that allows the same Pods, and an endpoint that comes and goes.
            endpoint = self.outage.endpoints["one"]
            endpoint["azRules"] = [{"scope": "filter", "constraint": f"(|(namespace=default)(namespace=n{second}))"}]
            if self.outage.endpoints.pop("two", None) is None:
                other = {"name": "two", "path": "/two", "injector": {"label": "two"}, "issuer": {"host": "two.issuer.example"}}
                self.outage.endpoints["two"] = {name: value for name, value in endpoint.items() if name != "publish"} | other
            self.replica.write()
            self.reloads += 1
        if second % 30 == 15:
            self.outage.api.cut_watches()
        if second % 60 == 59:
            self.read_output()

    def read_output(self) -> None:
        """Checks what the gateway has written, and empties it: gigabytes otherwise."""
        self.replica.check_nothing_secret_was_said()
        for name in ["log", "audit"]:
            os.truncate(self.replica.folder / name, 0)

    def admit(self, second: int) -> None:
        """A Pod is reviewed and created, and an old one deleted."""
        name = f"web-{second}"
        pod = {
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": name, "namespace": "default", "labels": {"example.com/one": "true"},
                         "annotations": {"example.com/one": "a"}},
            "spec": {"serviceAccountName": "web", "containers": [{"name": "app", "image": "example.com/app:1"}]},
        }  # fmt: skip
        request = urllib.request.Request(self.url, review(pod), {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, context=self.context, timeout=60) as answer:
            response = json.load(answer)["response"]
        assert response["allowed"] and response.get("patch"), response
        self.reviews += 1
        pods = "/api/v1/namespaces/default/pods"
        self.outage.api.answer("POST", pods, "application/json", json.dumps(pod).encode())
        self.outage.api.answer("DELETE", f"{pods}/web-{second - 20}", "application/json", b"")
        # The stand-in keeps every event for watches of old versions.
        with self.outage.api.lock:
            del self.outage.api.events[:-500]


def test_soak(tmp_path: Path) -> None:
    cluster_identity.init(tmp_path / "cluster")
    pki.write(tmp_path / "pki", ["127.0.0.1", "localhost", "*.issuer.example"])
    with Outage(tmp_path, tmp_path, built_gateway(), replicas=1) as outage:
        outage.endpoints["one"]["token"]["ttl"] = f"{LIFETIME}s"
        for replica in [outage.administrator, *outage.replicas]:
            replica.settings = SETTINGS
        outage.begin(SoakWorkload)
        replica, workload = outage.replicas[0], outage.workloads[0]
        assert isinstance(workload, SoakWorkload) and replica.process
        load = Load(f"https://127.0.0.1:{replica.port}/one/token", tmp_path, tmp_path / "cluster").prepare()
        capacity = load.capacity()
        churn, readings = Churn(outage), Readings(replica.process.pid)
        began = time.monotonic()
        load.start(SHARE * capacity, window=10, between=lambda: readings.read((time.monotonic() - began) / 60))
        for second in range(round(MINUTES * 60)):
            time.sleep(max(0, began + second - time.monotonic()))
            churn.step(second)
        load.stop()
        workload.stop()
        until(lambda: outage.published == outage.kids, "the last publication")
        readings.plot(Path(os.environ.get("SOAK_PLOT", REPOSITORY / ".build/soak.svg")))
        report(outage, load, workload, churn, readings, capacity)
        assert workload.unverified == []
        assert (workload.failed, load.errors) == (0, 0), [one.reason for one in workload.exchanges if one.status != 200]
        kept = {key["kid"] for key in outage.keys}
        assert len(kept) <= RETENTION / 60 + 3, f"{len(kept)} keys in the ring: retired keys stay"
        assert outage.api.get("secrets", "sts-keyring-one", NAMESPACE)
        churn.read_output()
        if MINUTES >= FULL:
            for name in ["resident", "descriptors"]:
                first, last, ratio = readings.growth(name, MINUTES * 5 / 8)
                assert ratio <= GROWTH, f"{name}: {first:.1f} at first, {last:.1f} at last"


def report(
    outage: Outage, load: Load, workload: SoakWorkload, churn: Churn, readings: Readings, capacity: float
) -> None:
    """Prints the figures of docs/reliability.md."""
    print(f"\n| the soak, {MINUTES:.0f} min | |\n|---|---|")
    print(f"| exchanges | {load.requests + workload.count}, {load.requests / max(1, load.seconds):.0f}/s |")
    print(f"| of the capacity ({capacity:.0f}/s) | {100 * load.requests / max(1, load.seconds) / capacity:.0f} % |")
    print(f"| failed exchanges | {load.errors + workload.failed} |")
    print(f"| verifications, failed | {workload.verified}, {len(workload.unverified)} |")
    print(f"| rotations, reloads | {churn.rotations}, {churn.reloads} |")
    print(f"| reviews of Pods, cuts of watches | {churn.reviews}, {outage.api.cuts} |")
    if MINUTES < FULL:
        print(f"| growth | not checked: shorter than {FULL} min |")
        return
    for name in ["resident", "descriptors"]:
        first, last, ratio = readings.growth(name, MINUTES * 5 / 8)
        print(f"| {name} from minute {MINUTES * 5 / 8:.0f} on | {first:.1f} → {last:.1f} ({ratio:.2f} ×) |")
