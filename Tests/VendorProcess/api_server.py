"""A stand-in of an API server with structured authentication configuration. It follows the rules that the reference of
`apiserver.config.k8s.io/v1` states for the file, and verifies tokens with the keys that it reads as that file says."""

import json
import ssl
import time
import urllib.parse
import urllib.request
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import yaml
from cryptography import x509
from joserfc import jws, jwt
from joserfc.jwk import KeySet
from loopback_server import LoopbackServer

ALGORITHMS = ["RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "PS256", "PS384", "PS512"]


class Unauthorized(Exception):
    """Why the API server answers 401; the client does not learn it."""


def checked(text: str) -> dict[str, Any]:
    """The only element of `jwt`, after all checks of the file."""
    file = yaml.safe_load(text)
    assert file.pop("apiVersion") == "apiserver.config.k8s.io/v1" and file.pop("kind") == "AuthenticationConfiguration"
    assert file.keys() == {"jwt"} and 1 <= len(file["jwt"]) <= 64
    (authenticator,) = file["jwt"]
    assert authenticator.keys() <= {"issuer", "claimValidationRules", "claimMappings", "userValidationRules"}
    issuer, mappings = authenticator["issuer"], authenticator["claimMappings"]
    assert issuer.keys() <= {
        "url", "discoveryURL", "certificateAuthority", "audiences", "audienceMatchPolicy", "egressSelectorType",
    }  # fmt: skip
    for name in ["url", "discoveryURL"]:
        if name in issuer:
            url = urllib.parse.urlsplit(issuer[name])
            assert url.scheme == "https" and url.hostname and not (url.username or url.query or url.fragment), name
    assert issuer.get("discoveryURL", "").rstrip("/") != issuer["url"].rstrip("/")
    audiences = issuer["audiences"]
    assert audiences and all(audiences) and len(set(audiences)) == len(audiences)
    assert issuer.get("audienceMatchPolicy", "") in ["", "MatchAny"]
    assert len(audiences) == 1 or issuer["audienceMatchPolicy"] == "MatchAny"
    if "certificateAuthority" in issuer:
        assert x509.load_pem_x509_certificates(issuer["certificateAuthority"].encode())
    for name in ["username", "groups"]:
        if name in mappings:
            assert mappings[name].keys() == {"claim", "prefix"}, "claim and prefix are both set, or an expression"
    assert "username" in mappings
    rules = authenticator.get("claimValidationRules", [])
    assert all(rule.keys() == {"claim", "requiredValue"} for rule in rules)
    assert len({rule["claim"] for rule in rules}) == len(rules)
    assert all(rule.keys() <= {"expression", "message"} for rule in authenticator.get("userValidationRules", []))
    return authenticator


class APIServer:
    """Answers who the user of a request is (SelfSubjectReview) over HTTPS."""

    def __init__(self, pki: Path, configuration: str) -> None:
        self.authenticator = checked(configuration)
        self.keys: KeySet | None = None
        self.reads: list[str] = []
        """The URLs that were read."""
        self.reasons: list[str] = []
        """The reasons of 401."""
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: Any) -> None:
                pass

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                kind, version = "SelfSubjectReview", "authentication.k8s.io/v1"
                assert self.path == "/apis/authentication.k8s.io/v1/selfsubjectreviews", self.path
                try:
                    user = server.user(self.headers.get("Authorization", "").removeprefix("Bearer "))
                    status = 201
                    answer = {"apiVersion": version, "kind": kind, "status": {"userInfo": user}}
                except Unauthorized as reason:
                    server.reasons.append(str(reason))
                    status, answer = 401, {"apiVersion": "v1", "kind": "Status", "reason": "Unauthorized", "code": 401}
                text = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

        self.server = LoopbackServer(Handler, pki).start()
        self.url = self.server.url

    def stop(self) -> None:
        self.server.stop()

    def read(self, url: str) -> dict[str, Any]:
        self.reads.append(url)
        authority = self.authenticator["issuer"].get("certificateAuthority")
        context = ssl.create_default_context(cadata=authority)
        with urllib.request.urlopen(url, context=context) as answer:  # noqa: S310: an https URL
            return dict(json.load(answer))

    def fetched(self) -> KeySet:
        """Discovery, and the keys of its `jwks_uri`."""
        issuer = self.authenticator["issuer"]
        document = self.read(issuer.get("discoveryURL") or issuer["url"] + "/.well-known/openid-configuration")
        if document["issuer"] != issuer["url"]:
            raise Unauthorized("oidc: issuer did not match the issuer returned by provider")
        return KeySet.import_key_set(self.read(document["jwks_uri"]))

    def user(self, token: str) -> dict[str, Any]:
        issuer, mappings = self.authenticator["issuer"], self.authenticator["claimMappings"]
        header = jws.extract_compact(token.encode()).headers()
        # Keys are cached without a time limit, and fetched for a kid that is not known.
        if self.keys is None or header["kid"] not in [key.kid for key in self.keys.keys]:
            self.keys = self.fetched()
        try:
            claims = dict(jwt.decode(token, self.keys, algorithms=ALGORITHMS).claims)
        except Exception as error:
            raise Unauthorized("oidc: verify token") from error
        audiences = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
        if claims["iss"] != issuer["url"]:
            raise Unauthorized("oidc: id token issued by a different provider")
        if not set(audiences) & set(issuer["audiences"]):
            raise Unauthorized("oidc: expected audience")
        if claims["exp"] <= time.time():
            raise Unauthorized("oidc: token is expired")
        for rule in self.authenticator.get("claimValidationRules", []):
            if claims.get(rule["claim"]) != rule["requiredValue"]:
                raise Unauthorized(f"oidc: claim {rule['claim']}")
        name = mappings["username"]["prefix"] + claims[mappings["username"]["claim"]]
        if name.startswith("system:"):
            raise Unauthorized("user names of the system are reserved")
        groups = claims.get(mappings["groups"]["claim"], []) if "groups" in mappings else []
        return {"username": name, "groups": [mappings["groups"]["prefix"] + group for group in groups]}
