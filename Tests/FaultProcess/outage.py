"""Two replicas, workloads that call both all the time, verifiers, and what a fault costs them."""

import base64
import contextlib
import json
import signal
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import gateway_program
import yaml
from caching_issuer import CachingIssuer
from RotationProcess.client import Client, Exchange
from RotationProcess.stage import Gateway
from waiting import until

from .api_server import APIServer
from .relay import Relay

NAMESPACE = "sts"
RING = "sts-keyring-one"
IN_A_ROW = 20
"""Successful calls of each replica after which it has recovered."""


@dataclass
class Replica(Gateway):
    """A replica whose key rings and leadership are in the API server that its relay leads to."""

    relay: Relay = field(kw_only=True)
    kubeconfig: str = field(kw_only=True)
    is_broken: bool = False
    """Whether its configuration cannot be read."""
    settings: dict[str, Any] = field(default_factory=dict)
    """More of the configuration."""

    def write(self) -> Path:
        given = yaml.safe_load(self.kubeconfig)
        given["clusters"][0]["cluster"]["server"] = f"https://127.0.0.1:{self.relay.port}"
        (self.folder / "kubeconfig").write_text(yaml.safe_dump(given))
        file = super().write()
        configuration = json.loads(file.read_text())
        del configuration["keyStore"]
        configuration["review"] = {"kubeconfig": str(self.folder / "kubeconfig")}
        configuration.update(self.settings)
        file.write_text("{" if self.is_broken else json.dumps(configuration, indent=2))
        return file

    def environment(self, with_credentials: bool = True) -> dict[str, str]:
        return {
            **super().environment(with_credentials), "POD_NAMESPACE": NAMESPACE, "POD_NAME": self.folder.name,
        }  # fmt: skip


@dataclass
class Workload(Client):
    """Calls one replica with a new ServiceAccount token each time: no review is cached."""

    @property
    def last_kid(self) -> str:
        """The key of the last token."""
        return next((one.kid for one in reversed(self.exchanges) if one.status == 200), "")

    def _call(self, gateway: Gateway) -> tuple[int, bytes]:
        self._form = gateway_program.exchange_form(gateway.identity)
        return super()._call(gateway)


@dataclass(frozen=True)
class Cost:
    """What one fault has cost. Times are in seconds."""

    fault: str
    tried: int
    failed: int
    wrong: int
    """Tokens that a verifier has rejected."""
    recovered: float
    """From the end of the fault until every replica answers."""

    @property
    def row(self) -> str:
        return f"| {self.fault} | {self.tried} | {self.failed} | {self.wrong} | {self.recovered:.1f} s |"


class Outage:
    """The parts of one row of the table."""

    def __init__(self, folder: Path, shared: Path, program: Path, replicas: int = 2) -> None:
        self._end = contextlib.ExitStack()
        self.shared = shared
        self.api = self._end.enter_context(
            APIServer(lambda *_: (True, ""), pki=shared / "pki", identity=shared / "cluster")
        )
        self.issuer = CachingIssuer(shared / "pki").start()
        self._end.callback(self.issuer.stop)
        self.endpoints: dict[str, Any] = {}
        self.workloads: list[Workload] = []
        self.administrator = self._replica(folder, "administrator", program)
        self.administrator.add()
        self.replicas = [self._replica(folder, f"replica-{number}", program) for number in range(replicas)]

    def _replica(self, folder: Path, name: str, program: Path) -> Replica:
        relay = Relay(self.api.secured.server_address[1]).start()
        own = folder / name
        own.mkdir()
        replica = Replica(
            program, own, self.shared / "cluster", self.shared / "pki", issuer=self.issuer, place=folder, relay=relay,
            kubeconfig=self.api.secured_kubeconfig, endpoints=self.endpoints,
        )  # fmt: skip
        self._end.callback(relay.stop)
        self._end.callback(self._kill, replica)
        return replica

    def __enter__(self) -> "Outage":
        return self

    def __exit__(self, *_: object) -> None:
        for workload in self.workloads:
            workload.stop()
        self._end.close()

    @staticmethod
    def _kill(replica: Replica) -> None:
        if replica.process is not None and replica.process.poll() is None:
            replica.signal(signal.SIGCONT)
        replica.kill()

    def begin(self, workload: Callable[..., Workload] = Workload) -> "Outage":
        """Starts the replicas, the first one as leader, and the workloads."""
        for replica in self.replicas:
            replica.serve()
            until(lambda one=replica: one.get("/readyz")[0] == 200, "readiness")
        until(lambda: self.leader, "a leader")
        until(lambda: self.published == self.kids, "the publication")
        self.workloads = [workload([replica], rate=20, timeout=10).start() for replica in self.replicas]
        for workload in self.workloads:
            workload.goes_on(IN_A_ROW)
        return self

    @property
    def leader(self) -> Replica | None:
        """The holder of the Lease."""
        lease = self.api.get("leases", "sts-gateway", NAMESPACE)
        holder = ((lease or {}).get("spec") or {}).get("holderIdentity") or ""
        return next((one for one in self.replicas if holder.startswith(one.folder.name)), None)

    @property
    def other(self) -> Replica:
        return next(one for one in self.replicas if one is not self.leader)

    @property
    def kids(self) -> set[str]:
        return {key["kid"] for key in self.keys}

    @property
    def published(self) -> set[str]:
        with contextlib.suppress(OSError, ValueError):
            return self.replicas[0].published()
        return set()

    @property
    def keys(self) -> list[dict[str, Any]]:
        """The keys of the stored ring; none while it cannot be read."""
        secret = self.api.get("secrets", RING, NAMESPACE) or {}
        with contextlib.suppress(KeyError, ValueError):
            return json.loads(base64.b64decode(secret["data"]["keyring.json"]))["keys"]
        return []

    def revoke(self, kid: str) -> None:
        """Revokes the key as an administrator does, past the relays."""
        ended = self.administrator.command("keys", "revoke", "--endpoint", "one", "--kid", kid)
        assert ended.returncode == 0, ended.stdout + ended.stderr

    def state(self, kid: str) -> str:
        return next((key["state"] for key in self.keys if key["kid"] == kid), "")

    def cost(self, fault: str, ended: float, revoked: str = "no key") -> Cost:
        """Waits until every replica answers, and counts. The fault ended then, on the monotonic clock. That verifiers
        reject tokens of a revoked key is right."""
        recovered = [until(lambda one=one: since_then(one, ended), "recovery") for one in self.workloads]
        for workload in self.workloads:
            workload.stop()
        exchanges = [one for workload in self.workloads for one in workload.exchanges]
        return Cost(
            fault, len(exchanges), sum(one.status != 200 for one in exchanges),
            sum(revoked not in problem for workload in self.workloads for problem in workload.unverified), max(0, max(recovered) - ended),
        )  # fmt: skip


def since_then(workload: Workload, ended: float) -> float | None:
    """When the first of enough successful calls in a row has begun."""
    calls = [one for one in workload.exchanges if one.began >= ended]
    run: list[Exchange] = []
    for one in calls:
        run = [*run, one] if one.status == 200 else []
        if len(run) == IN_A_ROW:
            return run[0].began
    return None
