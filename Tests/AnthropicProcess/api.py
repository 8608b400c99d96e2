"""A stand-in of the API's workload identity federation: issuers with inline keys or discovery, rules, and the exchange.

It checks what the vendor documents (docs/plugins/anthropic.md): kid, algorithm, size, lifetime, leeway of 30 s, single use
of jti per issuer, subject_prefix, the scope org:admin for issuers, and that no program changes an issuer that backs a rule
of another scope than the workspaces' two. Every denial of an exchange is the same 401.
"""

import json
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

from joserfc import jws, jwt
from joserfc.jwk import KeySet
from loopback_server import LoopbackServer

ORGANIZATION = "6f1e2d3c-0000-4000-8000-0123456789ab"
WORKLOADS, ADMINISTRATION = "fdis_workloads", "fdis_administration"
READER, PUBLISHER = "fdrl_reader", "fdrl_publisher"
ADMINISTRATOR = "an-administrator-s-token"
"""The token of a person who is logged in with the scope org:admin."""
ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"]

Change = Callable[[str, str, dict[str, Any]], dict[str, Any] | int | None]
"""Of a request's method, path and body: another body, a status to answer with, or None for the request as it is."""


@dataclass
class API:
    """The API of one organization."""

    discovery: Callable[[], dict[str, Any]]
    """Returns the key set that the issuer in discovery mode publishes."""
    issuers: dict[str, dict[str, Any]] = field(default_factory=dict)
    rules: dict[str, dict[str, Any]] = field(default_factory=dict)
    writes: list[dict[str, Any]] = field(default_factory=list)
    change: Change = field(default=lambda method, path, body: None)
    sessions: dict[str, str] = field(default_factory=lambda: {ADMINISTRATOR: "org:admin"})
    """The scope of each access token."""
    used: set[tuple[str, str]] = field(default_factory=set)
    reads: int = 0

    def __post_init__(self) -> None:
        api = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *arguments: object) -> None:
                """Nothing."""

            def answer(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"{}")
                changed = api.change(self.command, self.path, body)
                if isinstance(changed, int):
                    self.reply(changed, error("api_error"))
                    return
                status, found = api.respond(self.command, self.path, body if changed is None else changed, self.headers)
                if self.command == "POST" and self.path.startswith("/v1/organizations/") and status == 200:
                    api.writes.append(body)
                self.reply(status, found)

            def reply(self, status: int, found: dict[str, Any]) -> None:
                text = json.dumps(found).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("request-id", "req_trial")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            do_GET = do_POST = answer  # noqa: N815

        self.server = LoopbackServer(Handler).start()
        self.url = self.server.url

    def add_issuer(self, name: str, url: str, jwks: dict[str, Any]) -> None:
        """What an administrator does in the Console."""
        self.issuers[name] = {
            "id": name, "type": "federation_issuer", "name": name, "issuer_url": url, "jwks": jwks, "check_jti": True,
            "max_jwt_lifetime_seconds": 3600, "archived_at": None,
        }  # fmt: skip

    def add_rule(self, name: str, issuer: str, scope: str, subject: str) -> None:
        self.rules[name] = {"issuer": issuer, "scope": scope, "subject_prefix": subject}

    @property
    def held(self) -> list[str]:
        """The ids of the inline keys."""
        return [key["kid"] for key in self.issuers[WORKLOADS]["jwks"]["keys"]]

    def respond(self, method: str, path: str, body: dict[str, Any], headers: Any) -> tuple[int, dict[str, Any]]:
        if path == "/v1/oauth/token":
            if "oidc-federation-2026-04-01" not in headers.get("anthropic-beta", ""):
                return 400, error("invalid_request_error")
            try:
                return 200, self.exchanged(body)
            except Exception:  # noqa: BLE001: every denial is the same
                return 401, error("authentication_error")
        token = headers.get("Authorization", "").removeprefix("Bearer ")
        if token not in self.sessions or "oauth-2025-04-20" not in headers.get("anthropic-beta", ""):
            return 401, error("authentication_error")
        issuer = self.issuers.get(path.removeprefix("/v1/organizations/federation_issuers/"))
        if issuer is None:
            return 404, error("not_found_error")
        if self.sessions[token] != "org:admin":
            return 403, error("permission_error")
        if method == "GET":
            self.reads += 1
            return 200, issuer
        scopes = {rule["scope"] for rule in self.rules.values() if rule["issuer"] == issuer["id"]}
        if token != ADMINISTRATOR and not scopes <= {"workspace:developer", "workspace:inference"}:
            return 403, error("permission_error")
        issuer.update(body)
        return 200, issuer

    def exchanged(self, body: dict[str, Any]) -> dict[str, Any]:
        assert body["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer"
        assert body["organization_id"] == ORGANIZATION
        rule = self.rules[body["federation_rule_id"]]
        issuer = self.issuers[rule["issuer"]]
        claims = verified(body["assertion"], issuer, self.keys(issuer))
        if issuer["check_jti"] and "jti" in claims:
            assert (issuer["id"], claims["jti"]) not in self.used, "jti_reused"
            self.used.add((issuer["id"], claims["jti"]))
        prefix = rule["subject_prefix"]
        assert claims["sub"].startswith(prefix[:-1]) if prefix.endswith("*") else claims["sub"] == prefix
        token = secrets.token_urlsafe(16)
        self.sessions[token] = rule["scope"]
        return {"access_token": token, "token_type": "Bearer", "expires_in": 600, "scope": rule["scope"]}

    def keys(self, issuer: dict[str, Any]) -> dict[str, Any]:
        return self.discovery() if issuer["jwks"]["type"] == "discovery" else {"keys": issuer["jwks"]["keys"]}

    def stop(self) -> None:
        self.server.stop()


def verified(token: str, issuer: dict[str, Any], keys: dict[str, Any]) -> dict[str, Any]:
    """The claims of a token that the issuer's keys verify."""
    assert len(token) <= 16 << 10
    header = jws.extract_compact(token.encode()).headers()
    assert header["alg"] in ALGORITHMS and "kid" in header
    assert header["kid"] in {key["kid"] for key in keys["keys"]}
    claims = jwt.decode(token, KeySet.import_key_set(keys), algorithms=ALGORITHMS).claims
    now = time.time()
    assert claims["iss"] == issuer["issuer_url"] and claims["sub"]
    assert claims["exp"] > now - 30 and claims["iat"] < now + 30 and claims.get("nbf", 0) < now + 30
    assert 0 < claims["exp"] - claims["iat"] <= issuer["max_jwt_lifetime_seconds"]
    audience = claims["aud"]
    assert "https://api.anthropic.com" in ([audience] if isinstance(audience, str) else audience)
    return claims


def error(kind: str) -> dict[str, Any]:
    return {"type": "error", "error": {"type": kind, "message": "Authentication failed"}, "request_id": "req_trial"}
