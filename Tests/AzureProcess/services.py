"""Stand-ins of Blob Storage and of the token endpoint of Microsoft Entra, as far as a publisher calls them; and of Azure
Resource Manager (management.py) where a test provisions.

They check what the services document: x-ms-version, x-ms-date, x-ms-blob-type, the audience of access tokens, entity tags;
and of an assertion the exact issuer, subject and audience of the federated credential, RS256, the validity with five minutes
of skew, and a key of the *public* key set. The container is public: its blobs are files that a web server serves.
"""

import email.utils
import hashlib
import json
import secrets
import time
import urllib.parse
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

from joserfc import jws, jwt
from joserfc.jwk import KeySet
from loopback_server import LoopbackServer

from .management import Management

TENANT = "6f1e2d3c-0000-4000-8000-0123456789ab"
PUBLISHER = "3f8a1c22-0000-4000-8000-0123456789ab"
"""The client id of the identity that publishes."""
ADMINISTRATOR = ("4f8a1c22-0000-4000-8000-0123456789ab", "an-administrator-s-secret")
AUDIENCE = "api://AzureADTokenExchange"
STORAGE = "https://storage.azure.com"
RESOURCE_MANAGER = "https://management.azure.com"
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

Change = Callable[[str, bytes], bytes | int | None]
"""Of a blob's name and content that is written: other content, a status to answer with, or None for it as it is."""


class Rejected(Exception):
    """An error of Entra: its code and text."""


@dataclass
class Blob:
    headers: dict[str, str]
    tag: str


@dataclass
class Services:
    """The services on one port. `public` is the folder that the issuer URL serves."""

    public: Path
    issuer: str
    subject: str
    blobs: dict[str, Blob] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    """The resource of each access token."""
    change: Change = field(default=lambda name, content: None)
    writes: list[str] = field(default_factory=list)
    rejections: list[str] = field(default_factory=list)
    container: str = "$web"
    management: Management | None = None
    """Where it is set, the publisher has the permissions that it has given."""
    own: set[str] = field(default_factory=set)
    """The access tokens of the publisher."""

    def __post_init__(self) -> None:
        services = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *arguments: object) -> None:
                """Nothing."""

            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                if self.path == f"/{TENANT}/oauth2/v2.0/token":
                    status, headers, text = services.token(dict(urllib.parse.parse_qsl(body.decode())))
                elif self.path.startswith("/subscriptions/") and services.management is not None:
                    token = self.headers.get("Authorization", "").removeprefix("Bearer ")
                    is_known = services.tokens.get(token) == RESOURCE_MANAGER
                    status, found = services.management.answer(self.command, self.path, body) if is_known else (401, {})
                    headers, text = {"Content-Type": "application/json"}, json.dumps(found).encode()
                elif self.path.startswith(f"/{services.container}?"):
                    status, headers, text = services.names(self.headers)
                elif self.path.startswith(f"/{services.container}/"):
                    status, headers, text = services.blob(
                        self.command, self.path.removeprefix(f"/{services.container}/"), body, self.headers
                    )
                else:
                    status, headers, text = 404, {"x-ms-error-code": "ContainerNotFound"}, b""
                self.send_response(status)
                for name, value in {**headers, "x-ms-request-id": "r-1"}.items():
                    self.send_header(name, value)
                if status != 304:
                    self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                if status != 304:
                    self.wfile.write(text)

            do_GET = do_PUT = do_POST = do_PATCH = do_DELETE = answer  # noqa: N815

        self.server = LoopbackServer(Handler).start()
        self.url = self.server.url

    # Microsoft Entra.

    def token(self, form: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
        try:
            if form.get("grant_type") != "client_credentials" or not form.get("scope", "").endswith("/.default"):
                raise Rejected("AADSTS70011: The provided value for the input parameter 'scope' is not valid.")
            if "client_secret" in form:
                if (form["client_id"], form["client_secret"]) != ADMINISTRATOR:
                    raise Rejected("AADSTS7000215: Invalid client secret provided.")
            else:
                self.check(form)
        except Rejected as rejected:
            self.rejections.append(str(rejected))
            found = {"error": "invalid_client", "error_description": f"{rejected}\r\nTrace ID: 1"}
            return 401, {"Content-Type": "application/json"}, json.dumps(found).encode()
        token = secrets.token_urlsafe(24)
        self.tokens[token] = form["scope"].removesuffix("/.default")
        if "client_assertion" in form:
            self.own.add(token)
        found = {"token_type": "Bearer", "expires_in": 3599, "access_token": token}
        return 200, {"Content-Type": "application/json"}, json.dumps(found).encode()

    def check(self, form: dict[str, str]) -> None:
        """Checks an assertion with the public key set only."""
        if form["client_id"] != PUBLISHER or form["client_assertion_type"] != ASSERTION:
            raise Rejected("AADSTS700016: Application was not found in the directory.")
        assertion = form["client_assertion"]
        header = jws.extract_compact(assertion.encode()).headers()
        try:
            keys = json.loads((self.public / "certs").read_text())
        except OSError:
            raise Rejected("AADSTS50166: Request to External OIDC endpoint failed.") from None
        if header["alg"] != "RS256" or header["kid"] not in {key["kid"] for key in keys["keys"]}:
            raise Rejected("AADSTS700027: The key was not found.")
        try:
            claims = jwt.decode(assertion, KeySet.import_key_set(keys), algorithms=["RS256"]).claims
        except Exception:  # noqa: BLE001: whatever the reason is
            raise Rejected("AADSTS700027: Client assertion failed signature validation.") from None
        if self.management is not None and not self.management.trusts(claims):
            raise Rejected("AADSTS70021: No matching federated identity record found for presented assertion.")
        now = time.time()
        if not claims.get("nbf", now) - 300 <= now <= claims["exp"] + 300:
            raise Rejected("AADSTS700024: Client assertion is not within its valid time range.")
        for code, name, expected in [
            ("AADSTS700211", "iss", self.issuer), ("AADSTS700213", "sub", self.subject), ("AADSTS700212", "aud", AUDIENCE),
        ]:  # fmt: skip
            if claims[name] != expected:
                raise Rejected(f"{code}: No matching federated identity record found for presented assertion.")

    # Blob Storage.

    def blob(self, method: str, name: str, body: bytes, headers: Any) -> tuple[int, dict[str, str], bytes]:
        def failed(status: int, code: str) -> tuple[int, dict[str, str], bytes]:
            return status, {"x-ms-error-code": code, "Content-Type": "application/xml"}, b"<Error/>"

        token = headers.get("Authorization", "").removeprefix("Bearer ")
        if self.tokens.get(token) != STORAGE:
            return failed(401, "InvalidAuthenticationInfo")
        if self.management is not None and token in self.own and not self.management.may_write(self.container):
            return failed(403, "AuthorizationPermissionMismatch")
        if headers.get("x-ms-version", "") < "2017-11-09" or not email.utils.parsedate(headers.get("x-ms-date", "")):
            return failed(400, "InvalidHeaderValue")
        found = self.blobs.get(name)
        file = self.public / name
        if method == "GET":
            if found is None:
                return failed(404, "BlobNotFound")
            if headers.get("If-None-Match") == found.tag:
                return 304, {"ETag": found.tag}, b""
            return 200, {**found.headers, "ETag": found.tag}, file.read_bytes()
        if headers.get("x-ms-blob-type") != "BlockBlob":
            return failed(400, "MissingRequiredHeader")
        if headers.get("If-None-Match") == "*" and found is not None:
            return failed(409, "BlobAlreadyExists")
        if "If-Match" in headers and (found is None or headers["If-Match"] != found.tag):
            return failed(412, "ConditionNotMet")
        changed = self.change(name, body)
        if isinstance(changed, int):
            return failed(changed, "OperationTimedOut")
        content = body if changed is None else changed
        stored = {key.lower(): value for key, value in headers.items() if key.lower().startswith("x-ms-meta-")}
        stored["Content-Type"] = headers["x-ms-blob-content-type"]
        stored["Cache-Control"] = headers["x-ms-blob-cache-control"]
        tag = f'"0x{hashlib.sha256(content).hexdigest()[:12]}{len(self.writes)}"'
        file.parent.mkdir(parents=True, exist_ok=True)
        new = file.with_name(file.name + ".new")
        new.write_bytes(content)
        new.rename(file)
        self.blobs[name] = Blob(stored, tag)
        self.writes.append(name)
        return 201, {"ETag": tag}, b""

    def names(self, headers: Any) -> tuple[int, dict[str, str], bytes]:
        """The list of blobs."""
        if self.tokens.get(headers.get("Authorization", "").removeprefix("Bearer ")) != STORAGE:
            return 401, {"x-ms-error-code": "InvalidAuthenticationInfo"}, b""
        found = "".join(f"<Blob><Name>{name}</Name></Blob>" for name in self.blobs)
        text = f"<?xml version=\"1.0\"?><EnumerationResults><Blobs>{found}</Blobs><NextMarker /></EnumerationResults>"
        return 200, {"Content-Type": "application/xml"}, text.encode()

    def stop(self) -> None:
        self.server.stop()
