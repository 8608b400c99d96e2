"""The API server of the fault table: the stand-in of the chart's tests, with TokenReview and faults."""

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cluster_identity
from Chart.cluster import Object, Reply, failure
from Chart.live_cluster import LiveCluster
from joserfc import jwk, jws
from joserfc.errors import JoseError

REVIEWS = "/apis/authentication.k8s.io/v1/tokenreviews"
Fault = Callable[[str, str], "tuple[int, Reply] | None"]
"""Of a method and a target: a response instead of the right one. It may also wait or raise OSError."""


@dataclass
class APIServer(LiveCluster):
    identity: Path = field(kw_only=True)
    """The folder of the key that signs ServiceAccount tokens."""
    fault: Fault | None = None
    is_silent: threading.Event = field(default_factory=threading.Event)
    """While it is set, watches stay open and send nothing."""
    cuts: int = 0
    """How often all watches have been cut off."""

    def __enter__(self) -> "APIServer":
        super().__enter__()
        key = json.loads((self.identity / cluster_identity.JWKS).read_text())["keys"][0]
        self.key = jwk.import_key(key)
        return self

    def answer(self, method: str, target: str, content_type: str, body: bytes) -> tuple[int, Reply]:
        if self.fault and (found := self.fault(method, target)):
            return found
        if target == REVIEWS:
            return 201, self.review(json.loads(body))
        if target == "/openid/v1/jwks":
            return 200, json.loads((self.identity / cluster_identity.JWKS).read_text())
        if target == "/.well-known/openid-configuration":
            return 200, {"issuer": cluster_identity.ISSUER, "jwks_uri": "https://127.0.0.1/openid/v1/jwks"}
        return super().answer(method, target, content_type, body)

    def review(self, given: Object) -> Object:
        """As TokenReview: the identity of a token that is signed, not expired and for an audience that was asked for."""
        status: Object = {"authenticated": False, "error": "the token is not valid"}
        try:
            claims = json.loads(jws.deserialize_compact(given["spec"]["token"], self.key, algorithms=["RS256"]).payload)
        except (JoseError, ValueError):
            claims = {}
        audiences = [one for one in given["spec"].get("audiences", []) if one in claims.get("aud", [])]
        if audiences and claims["exp"] > time.time():
            bound = claims["kubernetes.io"]
            status = {"authenticated": True, "audiences": audiences, "user": {
                "username": claims["sub"], "uid": bound["serviceaccount"]["uid"],
                "groups": ["system:serviceaccounts", f"system:serviceaccounts:{bound['namespace']}", "system:authenticated"],
                "extra": {
                    "authentication.kubernetes.io/pod-name": [bound["pod"]["name"]],
                    "authentication.kubernetes.io/pod-uid": [bound["pod"]["uid"]],
                    "authentication.kubernetes.io/node-name": [bound["node"]["name"]],
                    "authentication.kubernetes.io/node-uid": [bound["node"]["uid"]],
                    "authentication.kubernetes.io/credential-id": [f"JTI={claims['jti']}"],
                },
            }}  # fmt: skip
        return {**given, "apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "status": status}

    def watch(self, resource: str, namespace: str, query: dict[str, list[str]], end: float) -> Any:
        cuts = self.cuts
        for line in super().watch(resource, namespace, query, end):
            while self.is_silent.is_set():
                time.sleep(0.05)
            if cuts != self.cuts:
                raise ConnectionResetError
            yield line

    # Faults of responses.

    def fails(self, code: int) -> None:
        """Every request is answered with that status."""
        reasons = {500: "InternalError", 429: "TooManyRequests", 503: "ServiceUnavailable"}
        self.fault = lambda method, target: failure(code, reasons[code], "the fault table")

    def delays(self, seconds: float) -> None:
        """Every response is late."""

        def wait(method: str, target: str) -> None:
            time.sleep(seconds)

        self.fault = wait

    def hangs_up(self) -> None:
        """Every request is read, and its connection closed."""

        def end(method: str, target: str) -> None:
            raise ConnectionResetError

        self.fault = end

    def cut_watches(self) -> None:
        """Every watch ends without its last chunk when its next event comes."""
        self.cuts += 1

    def heal(self) -> None:
        self.fault = None
        self.is_silent.clear()
