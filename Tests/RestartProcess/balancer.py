"""A Service as its clients see it: readiness arrives late, and clients reuse connections."""

import http.client
import random
import ssl
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from waiting import DEADLINE

from .replica import Replica

FORM = "application/x-www-form-urlencoded"
LAG = 1.0
"""Seconds from the unreadiness of a replica until no node sends it new connections."""


@dataclass
class Balancer:
    """Sends token requests continuously, and records the result of each."""

    form: str
    """The body of an exchange."""
    authority: Path
    replicas: list[Replica] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    answers: dict[str, int] = field(default_factory=dict)
    """The number of responses by the replica's name."""
    _ended: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _targets: list[Replica] = field(default_factory=list)
    _connected: dict[int, Replica] = field(default_factory=dict)
    """By the thread of the client."""

    def start(self, clients: int) -> "Balancer":
        self._targets = list(self.replicas)
        work = [self._probe] + [self._keeping, self._anew] * (clients // 2)
        self._threads = [threading.Thread(target=target, daemon=True) for target in work]
        for thread in self._threads:
            thread.start()
        return self

    def stop(self) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join(DEADLINE)

    def add(self, replica: Replica) -> None:
        self.replicas = [*self.replicas, replica]

    def remove(self, replica: Replica) -> None:
        self.replicas = [other for other in self.replicas if other is not replica]

    def has_left(self, replica: Replica) -> bool:
        """Whether no client is connected to it, and no new one will connect."""
        with self._lock:
            return not any(one is replica for one in [*self._targets, *self._connected.values()])

    def _probe(self) -> None:
        """Updates the readiness of replicas with the delay of kubelet and kube-proxy."""
        seen: list[tuple[float, list[Replica]]] = []
        while not self._ended.wait(0.1):
            ready = []
            for replica in self.replicas:
                try:
                    if replica.get("/readyz")[0] == 200:
                        ready.append(replica)
                except OSError:
                    pass
            seen.append((time.monotonic() + LAG, ready))
            while seen and seen[0][0] <= time.monotonic():
                with self._lock:
                    self._targets = seen.pop(0)[1] or self._targets

    def _connection(self) -> tuple[Replica, http.client.HTTPSConnection]:
        with self._lock:
            replica = random.choice(self._targets)
            self._connected[threading.get_ident()] = replica
        context = ssl.create_default_context(cafile=str(self.authority))
        return replica, http.client.HTTPSConnection("127.0.0.1", replica.port, timeout=DEADLINE, context=context)

    def _close(self, connection: http.client.HTTPSConnection) -> None:
        connection.close()
        with self._lock:
            del self._connected[threading.get_ident()]

    def _ask(self, replica: Replica, connection: http.client.HTTPSConnection) -> bool:
        """Whether the connection can be reused."""
        try:
            connection.request("POST", "/one/token", self.form, {"Content-Type": FORM})
            answer = connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException) as error:
            self.failures.append(f"{type(error).__name__}: {error}")
            return False
        self.answers[replica.name] = self.answers.get(replica.name, 0) + 1
        if answer.status != 200:
            self.failures.append(f"status {answer.status}")
        return answer.getheader("Connection", "").lower() != "close"

    def _keeping(self) -> None:
        """A client that reuses its connection until the server closes it."""
        while not self._ended.is_set():
            replica, connection = self._connection()
            while self._ask(replica, connection) and not self._ended.wait(0.02):
                pass
            self._close(connection)

    def _anew(self) -> None:
        """A client that opens a connection for each request, as OpenUnison's sidecar does."""
        while not self._ended.wait(0.02):
            replica, connection = self._connection()
            self._ask(replica, connection)
            self._close(connection)
