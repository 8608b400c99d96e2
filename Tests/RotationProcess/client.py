"""A workload that exchanges tokens continuously, and verifiers that cache the issuer's keys for max-age."""

import http.client
import json
import random
import ssl
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import caching_issuer
import gateway_program
import secret_scan
from joserfc import jwk, jws
from joserfc.errors import JoseError
from waiting import DEADLINE, until

if TYPE_CHECKING:
    from .stage import Gateway

VERIFIERS = 4


class Verifier:
    """Caches the key set for its max-age, and does not read it earlier, even for an unknown kid."""

    def __init__(self, issuer: caching_issuer.CachingIssuer, host: str) -> None:
        self._issuer = issuer
        self._host = host
        self._end = 0.0
        self._keys: dict[str, Any] = {}

    def knows(self, kid: str) -> bool:
        return kid in self._keys

    def verify(self, token: str) -> str | None:
        """The problem; None if there is none."""
        now = time.monotonic()
        if now >= self._end:
            content = self._issuer.read(self._host, "/certs")
            if content is None:
                return "the issuer URL serves no key set"
            self._keys = {key["kid"]: jwk.import_key(key) for key in json.loads(content)["keys"]}
            self._end = now + self._issuer.max_age
        kid = jws.extract_compact(token.encode()).headers()["kid"]
        if not self.knows(kid):
            return f"kid {kid} is unknown"
        try:
            claims = json.loads(jws.deserialize_compact(token, self._keys[kid], algorithms=["ES256"]).payload)
        except JoseError as error:
            return f"{type(error).__name__}"
        return None if claims["iss"] == f"https://{self._host}" else f"the issuer is {claims['iss']}"


@dataclass(frozen=True)
class Exchange:
    """One request, with times of the monotonic clock."""

    gateway: "Gateway"
    began: float
    ended: float
    status: int
    """The status; 0 without a response."""
    kid: str = ""
    reason: str = ""


@dataclass
class Client:
    """Calls the gateways alternately, `rate` times per second in total."""

    gateways: list["Gateway"]
    endpoint: str = "one"
    rate: float = 50
    timeout: float = DEADLINE
    """Seconds for a connection and for each answer."""
    host: str = "127.0.0.1"
    """The name or address of the gateways."""
    exchanges: list[Exchange] = field(default_factory=list)
    unverified: list[str] = field(default_factory=list)
    verified: int = 0

    def start(self) -> "Client":
        first = self.gateways[0]
        self._form = gateway_program.exchange_form(first.identity)
        host = first.host(self.endpoint)
        self._verifiers = [Verifier(first.issuer, host) for _ in range(VERIFIERS)]
        self._old: list[str] = []
        """All tokens so far. None expires during a test, so verifiers must accept all."""
        self.trust_again()
        self._connections: dict[tuple[int, int], http.client.HTTPSConnection] = {}
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        return self

    def goes_on(self, exchanges: int = 60) -> None:
        """Waits for this number of further exchanges. Tests use it instead of a sleep."""
        wanted = len(self.exchanges) + exchanges
        until(lambda: len(self.exchanges) >= wanted, f"{exchanges} more exchanges")

    def all_know(self, kid: str) -> bool:
        """Whether every verifier and every cache has that key."""
        first = self.gateways[0]
        is_everywhere = first.issuer.is_everywhere(first.host(self.endpoint), kid)
        return is_everywhere and all(verifier.knows(kid) for verifier in self._verifiers)

    def end(self) -> None:
        """Continues for some exchanges, stops, and checks."""
        self.goes_on()
        self.stop()
        self.check()

    def stop(self) -> None:
        self._ends.set()
        self._thread.join(DEADLINE)

    def trusted(self) -> ssl.SSLContext:
        """The CAs that the client trusts."""
        return ssl.create_default_context(cafile=str(self.gateways[0].pki / "ca.pem"))

    def trust_again(self) -> None:
        """From now on, new connections trust what ``trusted`` says now."""
        self._context = self.trusted()

    def _run(self) -> None:
        due = time.monotonic()
        turn = 0
        while not self._ends.is_set():
            gateways = list(self.gateways)
            if gateways:
                self._exchange(gateways[turn % len(gateways)])
            turn += 1
            due = max(due + 1 / self.rate, time.monotonic() - 1)
            self._ends.wait(max(0, due - time.monotonic()))

    def _exchange(self, gateway: "Gateway") -> None:
        began = time.monotonic()
        status, content = self._call(gateway)
        ended = time.monotonic()
        if status != 200:
            secret_scan.RUN.answer(content)
            self.exchanges.append(Exchange(gateway, began, ended, status, reason=content.decode(errors="replace")))
            return
        secret_scan.RUN.answer(content)
        token = json.loads(content)["access_token"]
        kid = jws.extract_compact(token.encode()).headers()["kid"]
        self.exchanges.append(Exchange(gateway, began, ended, status, kid))
        self._old.append(token)
        for one in [token, random.choice(self._old)]:
            problem = random.choice(self._verifiers).verify(one)
            self.verified += 1
            if problem:
                self.unverified.append(f"{time.strftime('%H:%M:%S')} {problem}")

    def _call(self, gateway: "Gateway") -> tuple[int, bytes]:
        place = id(gateway), gateway.port
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        try:
            if place not in self._connections:
                self._connections[place] = http.client.HTTPSConnection(
                    self.host, gateway.port, timeout=self.timeout, context=self._context
                )
            self._connections[place].request("POST", f"/{self.endpoint}/token", self._form, headers)
            answer = self._connections[place].getresponse()
            return answer.status, answer.read()
        except (OSError, http.client.HTTPException) as error:
            if connection := self._connections.pop(place, None):
                connection.close()
            return 0, f"{type(error).__name__}: {error}".encode()

    # Results.

    @property
    def failures(self) -> list[Exchange]:
        """Exchanges that failed although the gateway was running."""
        return [one for one in self.exchanges if one.status != 200 and not one.gateway.was_down(one.began, one.ended)]

    def kids(self, since: float = 0) -> set[str]:
        """The key ids of all tokens that were requested since then, on the monotonic clock."""
        return {one.kid for one in self.exchanges if one.status == 200 and one.began >= since}

    def first(self, kid: str, gateway: "Gateway") -> float | None:
        """The time of the first token of that gateway with that key."""
        ended = [one.ended for one in self.exchanges if one.kid == kid and one.gateway is gateway]
        return min(ended) if ended else None

    def check(self) -> None:
        """Checks that no verification failed, and no exchange while the gateway was running."""
        assert self.unverified == [], f"{len(self.unverified)} of {self.verified} verifications failed"
        failed = [(f"{one.began:.2f}", one.status, one.reason) for one in self.failures[:5]]
        assert failed == [], f"{len(self.failures)} of {len(self.exchanges)} exchanges failed while the gateway ran"
