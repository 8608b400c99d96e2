"""The stage of a scenario: public issuer URLs behind caches, gateways, a client, and a watcher for each key ring."""

import contextlib
import http.client
import itertools
import json
import os
import secrets
import signal
import time
import urllib.parse
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from caching_issuer import CachingIssuer
from gateway_program import OWN_AUDIENCE, GatewayProgram, exchange_form
from waiting import until

from .client import Client
from .rings import LONG_AGO, Ring, key_in, kids, locked
from .watcher import Watcher

STATES = ["prepared", "published", "retiring"]
"""Of keys, in the order of a rotation's steps: the new key's first two, and the old key's when the new one signs."""


@dataclass
class Theatre:
    """The parts that all stages share."""

    program: Path
    folder: Path
    _count: Iterator[int] = field(default_factory=itertools.count)

    def new_folder(self) -> Path:
        made = self.folder / f"stage-{next(self._count)}"
        made.mkdir()
        return made


@dataclass
class Gateway(GatewayProgram):
    """A gateway whose endpoints publish to folders that the stage's issuer serves, with short rotation times."""

    issuer: CachingIssuer = field(kw_only=True)
    place: Path = field(kw_only=True)
    """The folder of keys and documents, which replicas share."""
    downs: list[list[float]] = field(default_factory=list)
    """The periods without a running process, on the monotonic clock."""

    @property
    def keys(self) -> Path:
        return self.place / "keys"

    def public(self, endpoint: str = "one") -> Path:
        """The folder that the endpoint's issuer URL serves."""
        return self.place / "www" / endpoint

    def host(self, endpoint: str = "one") -> str:
        return self.endpoints[endpoint]["issuer"]["host"]

    def add(self, name: str = "one", issuer: dict[str, Any] | None = None, **more: Any) -> "Gateway":
        host = f"{name}-{secrets.token_hex(4)}.issuer.example"
        self.public(name).mkdir(parents=True)
        self.issuer.folders[host] = self.public(name)
        self.endpoints[name] = {
            "name": name, "plugin": "oidc", "audience": "verifiers", "path": f"/{name}",
            "azRules": [{"scope": "filter", "constraint": "(namespace=default)"}],
            "issuer": {"host": host, **(issuer or {})},
            "injector": {"label": name},
            "subjectToken": {"audiences": [OWN_AUDIENCE]},
            "token": {"algorithm": "ES256", "ttl": "24h"},
            "rotation": {"every": "30d", "propagation": "2s", "maxAge": "1s"},
            "publish": {
                "plugin": "oidc", "directory": str(self.public(name)),
                "probe": {
                    "connectTo": self.issuer.address, "caFile": str(self.pki / "ca.pem"), "interval": "10s",
                },
            },
            **more,
        }  # fmt: skip
        return self

    def serve(self, with_credentials: bool = True) -> "Gateway":
        if not self.downs:
            self.downs.append([0, float("inf")])
        super().serve(with_credentials)
        self.downs[-1][1] = time.monotonic()
        return self

    def kill(self) -> None:
        self.downs.append([time.monotonic(), float("inf")])
        super().kill()

    def was_down(self, began: float, ended: float) -> bool:
        return any(began < end and ended > begin for begin, end in self.downs)

    def settle(self) -> "Gateway":
        """Waits until the documents of every endpoint are published."""
        for endpoint in self.endpoints:
            until(lambda name=endpoint: self.seen(name), f"the publication of {endpoint}")
        return self

    def seen(self, endpoint: str = "one") -> bool:
        """Whether the public folder has the ring's keys, and the discovery document that follows them."""
        try:
            is_whole = (self.public(endpoint) / ".well-known/openid-configuration").exists()
            return is_whole and self.published(endpoint) == set(kids(self.ring(endpoint)))
        except OSError:
            return False

    def published(self, endpoint: str = "one") -> set[str]:
        content = json.loads((self.public(endpoint) / "certs").read_text())
        return {key["kid"] for key in content["keys"]}

    def edit(self, change: Callable[[Ring], None], endpoint: str = "one") -> None:
        """Changes the key ring file by hand."""
        with self.locked(endpoint):
            self.edit_locked(change, endpoint)

    def edit_locked(self, change: Callable[[Ring], None], endpoint: str = "one") -> None:
        """The same with the lock already held."""
        ring = self.ring(endpoint)
        change(ring)
        self.put(json.dumps(ring, indent=2).encode(), endpoint)

    def locked(self, endpoint: str = "one") -> contextlib.AbstractContextManager[None]:
        """Holds the lock of the key ring, so that nothing else writes it."""
        return locked(self.keys / f"{endpoint}.keyring.json.lock")

    def put(self, content: bytes, endpoint: str = "one") -> None:
        """Replaces the key ring file."""
        new = self.keys / f"{endpoint}.by-hand"
        new.touch(0o600)
        new.write_bytes(content)
        new.rename(self.ring_file(endpoint))

    def age(self, endpoint: str = "one") -> None:
        """Moves the times of the active key into the past, so that it must be rotated."""
        self.edit(aged, endpoint)

    def end_retirement(self, endpoint: str = "one") -> None:
        """Moves the times of the retiring key into the past, so that its last token has expired."""
        self.edit(lambda ring: key_in(ring, "retiring").update(retired=LONG_AGO), endpoint)

    def rotate(self, endpoint: str = "one") -> str:
        """Rotates with the command; returns the kid of the new key."""
        ended = self.command("keys", "rotate", "--endpoint", endpoint)
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return next(kid for kid in kids(self.ring(endpoint)) if kid in ended.stdout)

    def kill_before_next_write(self, cause: Callable[[], object], endpoint: str = "one") -> None:
        """Holds the lock of the key ring, causes a write, and kills the gateway while it waits for the lock."""
        with self.locked(endpoint):
            cause()
            until(self.waits_for_a_lock, "a write")
            self.kill()

    def waits_for_a_lock(self, endpoint: str = "one") -> bool:
        """Whether the gateway has the lock file open while another process holds the lock."""
        assert self.process is not None
        wanted = str(self.keys / f"{endpoint}.keyring.json.lock")
        with contextlib.suppress(OSError):
            for descriptor in Path(f"/proc/{self.process.pid}/fd").iterdir():
                with contextlib.suppress(OSError):
                    if str(descriptor.readlink()) == wanted:
                        return True
        return False

    def has(self, state: str, endpoint: str = "one") -> bool:
        return any(key["state"] == state for key in self.ring(endpoint)["keys"])

    def has_reached(self, state: str, endpoint: str = "one") -> bool:
        """Whether a rotation has reached that state or a later one."""
        return any(self.has(one, endpoint) for one in STATES[STATES.index(state) :])

    def answer(
        self, method: str = "POST", path: str = "/one/token", is_bearer: bool = False
    ) -> tuple[int, http.client.HTTPMessage, bytes]:
        """To a workload that exchanges its token, or bears it as the stock wire has it."""
        connection = self.connection()
        form = exchange_form(self.identity)
        if is_bearer:
            token = urllib.parse.parse_qs(form)["subject_token"][0]
            connection.request(method, path, headers={"Authorization": f"Bearer {token}"})
        else:
            connection.request(method, path, form, {"Content-Type": "application/x-www-form-urlencoded"})
        answer = connection.getresponse()
        found = answer.status, answer.headers, answer.read()
        connection.close()
        return found

    @property
    def is_leading(self) -> bool:
        changes = [line["message"] for line in self.log if line["message"] in ("leader elected", "leadership lost")]
        return changes[-1:] == ["leader elected"]

    def cpu(self) -> float:
        """Seconds that the process has used so far."""
        assert self.process is not None
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    @property
    def is_stopped(self) -> bool:
        """Whether every thread is stopped."""
        assert self.process is not None
        tasks = Path(f"/proc/{self.process.pid}/task").iterdir()
        return all((task / "stat").read_text().rsplit(")", 1)[1].split()[0] == "T" for task in tasks)

    def signal(self, number: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def problem(self, endpoint: str = "one", part: str = "keyring") -> str:
        """The problem in the readiness details; empty if there is none. The gateway is ready in both cases."""
        status, line = self.readiness(endpoint, part)
        assert status == 200
        return line if line.startswith("[-]") else ""


class Stage:
    """The parts of one scenario, closed at its end."""

    def __init__(self, theatre: Theatre, folder: Path) -> None:
        self.theatre = theatre
        self.folder = folder
        self.pki = theatre.folder / "pki"
        self.issuer = CachingIssuer(self.pki).start()
        self.gateways: list[Gateway] = []
        self.parts: list[Client | Watcher] = []
        self.ends: list[Callable[[], Any]] = []

    def __enter__(self) -> "Stage":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def gateway(self, beside: Gateway | None = None) -> Gateway:
        """A gateway with its own folder, or a replica of another one."""
        folder = self.folder / f"gateway-{len(self.gateways)}"
        folder.mkdir()
        made = Gateway(
            self.theatre.program, folder, self.theatre.folder / "cluster", self.pki,
            endpoints=beside.endpoints if beside else {}, issuer=self.issuer, place=beside.place if beside else folder,
        )  # fmt: skip
        self.gateways.append(made)
        return made

    def client(self, *gateways: Gateway, endpoint: str = "one", rate: float = 50) -> Client:
        made = Client(list(gateways), endpoint, rate).start()
        self.parts.append(made)
        return made

    def watch(self, gateway: Gateway, endpoint: str = "one") -> Watcher:
        made = Watcher(gateway, endpoint).start()
        self.parts.append(made)
        return made

    def later(self, end: Callable[[], Any]) -> None:
        """Registers a function to call when the stage is closed."""
        self.ends.append(end)

    def close(self) -> None:
        for part in self.parts:
            part.stop()
        for gateway in self.gateways:
            if gateway.process is not None and gateway.process.poll() is None:
                gateway.signal(signal.SIGCONT)
            gateway.kill()
        self.issuer.stop()
        try:
            for gateway in self.gateways:
                gateway.check_nothing_secret_was_said()
        finally:
            for end in self.ends:
                end()


def active(gateway: Gateway, endpoint: str = "one") -> str:
    return key_in(gateway.ring(endpoint), "active")["kid"]


def aged(ring: Ring) -> None:
    """The active key is so old that it must be rotated."""
    key_in(ring, "active").update(activated=LONG_AGO)


def propagated(ring: Ring) -> None:
    """The next key was published so long ago that it may sign."""
    key_in(ring, "published").update(published=LONG_AGO)
