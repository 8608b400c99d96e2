"""A stand-in of the IAM, Security Token Service and Cloud Storage APIs. It stores any key set, uses only a valid one, and
answers updates of the IAM API with long-running operations."""

import base64
import email
import email.policy
import hashlib
import json
import re
import threading
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

ADMINISTRATOR = "ya29.administrator"
POOL = "projects/123456789012/locations/global/workloadIdentityPools/clusters"
PROVIDER = f"{POOL}/providers/production"
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
MEMBERS = {"kty", "alg", "use", "kid", "n", "e", "x", "y", "crv"}


class Rejected(Exception):
    def __init__(self, status: int, code: str, text: str) -> None:
        super().__init__(text)
        self.status, self.code = status, code


Change = Callable[[str, str, Any], Any]
"""Of a request's method, path and body: another body, a status to answer with, or None for the request as it is."""


@dataclass
class Google:
    change: Change = field(default=lambda method, path, body: None)
    readings: int = 1
    """How often an operation is read until it is done. Its effect is there when it is done."""
    resources: dict[str, Any] = field(default_factory=dict)
    policies: dict[str, Any] = field(default_factory=dict)
    objects: dict[str, Any] = field(default_factory=dict)
    uploads: list[Any] = field(default_factory=list)
    """The key sets of all updates."""
    calls: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.principals = {ADMINISTRATOR: "administrator"}
        self.operations: dict[str, list[Any]] = {}
        self.count = 0
        self.lock = threading.RLock()
        google = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: Any) -> None:
                pass

            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                status, answer = google.answer(self.command, self.path, dict(self.headers), body)
                text = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = answer  # noqa: N815

        self.handler = Handler
        self.plain = LoopbackServer(Handler).start()
        self.secure: LoopbackServer | None = None

    def serve_publicly(self, pki: Path) -> None:
        """Serves the objects over TLS, as the hosts of buckets do."""
        self.secure = LoopbackServer(self.handler, pki).start()

    @property
    def url(self) -> str:
        return self.plain.url

    def stop(self) -> None:
        self.plain.stop()
        if self.secure:
            self.secure.stop()

    @property
    def provider(self) -> dict[str, Any]:
        return self.resources[PROVIDER]

    def answer(self, method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, Any]:
        path, _, query = path.partition("?")
        values = dict(urllib.parse.parse_qsl(query, keep_blank_values=True))
        with self.lock:
            self.calls.append(f"{method} {path}")
            try:
                host = headers.get("Host", "")
                if host.endswith(".storage.googleapis.com"):
                    return self.public(host.removesuffix(".storage.googleapis.com"), path)
                parsed = json.loads(body) if body[:1] == b"{" else body
                changed = self.change(method, path, parsed)
                if isinstance(changed, int):
                    return changed, {"error": {"code": changed, "status": "UNAVAILABLE", "message": "a fault of the test"}}
                if path == "/v1/token":
                    return 200, self.exchange(dict(urllib.parse.parse_qsl(body.decode())))
                principal = self.principals.get(headers.get("Authorization", "").removeprefix("Bearer "))
                if principal is None:
                    raise Rejected(401, "UNAUTHENTICATED", "invalid authentication credentials")
                if path.startswith(("/storage/", "/upload/")):
                    return self.storage(method, path, values, headers, body, principal)
                return 200, self.iam(method, path.removeprefix("/v1/"), values, parsed if changed is None else changed, principal)
            except Rejected as error:
                if path == "/v1/token":
                    return error.status, {"error": error.code, "error_description": str(error)}
                return error.status, {"error": {"code": error.status, "status": error.code, "message": str(error)}}

    # Security Token Service

    def exchange(self, values: dict[str, str]) -> dict[str, Any]:
        provider = self.resources.get(PROVIDER)
        if values["grant_type"] != EXCHANGE or not values["scope"]:
            raise Rejected(400, "invalid_request", "grant type or scope")
        if values["audience"] != f"//iam.googleapis.com/{PROVIDER}" or not provider or provider.get("disabled"):
            raise Rejected(400, "invalid_target", "The target service indicated by the \"audience\" parameters is invalid.")
        token = values["subject_token"]
        claims = self.verified(token, provider)
        names = [f"//iam.googleapis.com/{PROVIDER}", f"https://iam.googleapis.com/{PROVIDER}"]
        if claims["aud"] not in (provider["oidc"].get("allowedAudiences") or names):
            raise Rejected(400, "invalid_grant", "The audience in ID Token does not match the expected audience.")
        if claims["iss"] != provider["oidc"]["issuerUri"]:
            raise Rejected(400, "invalid_grant", "The issuer in ID Token does not match the expected ones.")
        if not 0 <= time.time() + 30 - claims["iat"] <= 86_400 or claims["exp"] < time.time():
            raise Rejected(400, "invalid_grant", "The ID Token is stale to sign-in.")
        for expression in provider["attributeMapping"].values():
            name = re.fullmatch(r"assertion\.(\w+)", expression)
            if name and name[1] not in claims:
                raise Rejected(400, "invalid_grant", "Could not map the attributes: no such key")
        if len(claims["sub"].encode()) > 127:
            raise Rejected(400, "invalid_grant", "The mapped google.subject exceeds 127 bytes.")
        excluded = re.fullmatch(r'assertion\.sub != "(.*)"', provider.get("attributeCondition", ""))
        if excluded and claims["sub"] == excluded[1]:
            raise Rejected(400, "unauthorized_client", "The given credential is rejected by the attribute condition.")
        self.count += 1
        access = f"ya29.federated-{self.count}"
        self.principals[access] = f"principal://iam.googleapis.com/{POOL}/subject/{claims['sub']}"
        return {
            "access_token": access, "token_type": "Bearer", "expires_in": 3600,
            "issued_token_type": "urn:ietf:params:oauth:token-type:access_token",
        }  # fmt: skip

    def verified(self, token: str, provider: dict[str, Any]) -> dict[str, Any]:
        """The claims, verified with the uploaded keys only; without uploaded keys with those that the bucket serves."""
        connecting = Rejected(400, "invalid_grant", "Error connecting to the given credential's issuer.")
        header = jws.extract_compact(token.encode()).headers()
        try:
            text = provider["oidc"].get("jwksJson") or self.remote(provider["oidc"]["issuerUri"])
            keys = json.loads(text)["keys"]
            assert all(set(key) <= MEMBERS for key in keys)
            imported = KeySet.import_key_set({"keys": keys})
        except Exception as error:
            raise connecting from error
        if header["alg"] not in ("RS256", "ES256") or header.get("kid") not in [key["kid"] for key in keys]:
            raise connecting
        try:
            return dict(jwt.decode(token, imported, algorithms=["RS256", "ES256"]).claims)
        except Exception as error:
            raise connecting from error

    def remote(self, issuer: str) -> str:
        host = issuer.removeprefix("https://").partition("/")[0]
        bucket = host.removesuffix(".storage.googleapis.com")
        assert "allUsers" in self.members(f"gs://{bucket}", "roles/storage.legacyObjectReader")
        return self.objects[f"{bucket}/certs"]["content"].decode()

    # IAM

    def members(self, resource: str, role: str) -> list[str]:
        bindings = self.policies.get(resource, {}).get("bindings", [])
        return [member for binding in bindings if binding["role"] == role for member in binding["members"]]

    def require(self, principal: str, resource: str, role: str) -> None:
        if principal != "administrator" and principal not in self.members(resource, role):
            raise Rejected(403, "PERMISSION_DENIED", f"Permission denied on resource {resource} (or it may not exist).")

    def iam(self, method: str, name: str, values: dict[str, str], body: Any, principal: str) -> Any:
        self.require(principal, POOL, "roles/iam.workloadIdentityPoolAdmin")
        if "/operations/" in name:
            return self.operation(name)
        if name.endswith((":getIamPolicy", ":setIamPolicy")):
            assert principal == "administrator"
            resource, _, verb = name.rpartition(":")
            self.existing(resource)
            return self.policy(resource, body["policy"] if verb == "setIamPolicy" else None)
        if method == "GET" and name.endswith("/providers"):
            return {"workloadIdentityPoolProviders": [v for k, v in self.resources.items() if k.startswith(name + "/")]}
        if method == "GET":
            return self.existing(name)
        if method == "POST" and name.endswith("/serviceAccounts"):
            address = f"{body['accountId']}@{name.split('/')[1]}.iam.gserviceaccount.com"
            self.resources[f"{name}/{address}"] = {**body["serviceAccount"], "email": address}
            return self.resources[f"{name}/{address}"]
        if method == "POST":
            (created,) = values.values()
            name = f"{name}/{created}"
            if name in self.resources:
                raise Rejected(409, "ALREADY_EXISTS", "Requested entity already exists")
            return self.begin(name, {"name": name, "state": "ACTIVE", **body})
        if method == "DELETE" and "/serviceAccounts/" in name:
            del self.resources[name]
            return {}
        if method == "DELETE":
            return self.begin(name, {**self.existing(name), "state": "DELETED"})
        assert method == "PATCH" and values["updateMask"], (method, name)
        value = json.loads(json.dumps(self.existing(name)))
        for path in values["updateMask"].split(","):
            *outer, last = path.split(".")
            target, source = value, body
            for part in outer:
                target, source = target.setdefault(part, {}), source[part]
            target[last] = source[last]
        if "jwksJson" in body.get("oidc", {}):
            self.uploads.append(body["oidc"]["jwksJson"])
        return self.begin(name, value)

    def existing(self, name: str) -> Any:
        if name not in self.resources:
            raise Rejected(404, "NOT_FOUND", "Requested entity was not found.")
        return self.resources[name]

    def begin(self, name: str, value: Any) -> Any:
        self.count += 1
        operation = f"{name}/operations/op{self.count}"
        self.operations[operation] = [self.readings, name, value]
        return self.operation(operation, is_reading=False)

    def operation(self, name: str, is_reading: bool = True) -> Any:
        found = self.operations[name]
        found[0] -= is_reading
        if found[0] > 0:
            return {"name": name, "metadata": {}}
        if found[1]:
            self.resources[found[1]], found[1] = found[2], None
        return {"name": name, "done": True, "response": found[2]}

    def policy(self, resource: str, new: Any) -> Any:
        current = self.policies.get(resource, {"etag": "ACAB", "version": 1})
        if new is None:
            return current
        if new.get("etag") != current["etag"]:
            raise Rejected(409, "ABORTED", "There were concurrent policy changes.")
        self.count += 1
        self.policies[resource] = {**new, "etag": str(self.count)}
        return self.policies[resource]

    # Cloud Storage

    def storage(
        self, method: str, path: str, values: dict[str, str], headers: dict[str, str], body: bytes, principal: str
    ) -> tuple[int, Any]:
        if path == "/storage/v1/b":
            created = json.loads(body)
            self.resources[f"gs://{created['name']}"] = created
            return 200, created
        bucket, _, rest = path.partition("/v1/b/")[2].partition("/")
        found = self.existing(f"gs://{bucket}")
        if path.startswith("/upload/"):
            self.require(principal, f"gs://{bucket}", "roles/storage.objectUser")
            return 200, self.upload(bucket, values, headers, body)
        if rest == "iam":
            return 200, self.policy(f"gs://{bucket}", json.loads(body) if method == "PUT" else None)
        if rest == "":
            if method == "DELETE":
                del self.resources[f"gs://{bucket}"]
            return 200, found
        self.require(principal, f"gs://{bucket}", "roles/storage.objectUser")
        if rest == "o":
            return 200, {"items": [v["metadata"] for k, v in self.objects.items() if k.startswith(bucket + "/")]}
        key = f"{bucket}/{urllib.parse.unquote(rest.removeprefix('o/'))}"
        if key not in self.objects:
            raise Rejected(404, "NOT_FOUND", f"No such object: {key}")
        if method == "DELETE":
            del self.objects[key]
            return 204, b""
        return 200, self.objects[key]["content" if values.get("alt") == "media" else "metadata"]

    def upload(self, bucket: str, values: dict[str, str], headers: dict[str, str], body: bytes) -> Any:
        message = email.message_from_bytes(
            b"Content-Type: " + headers["Content-Type"].encode() + b"\r\n\r\n" + body, policy=email.policy.HTTP
        )
        first, second = message.get_payload()
        metadata, content = json.loads(first.get_payload()), second.get_payload(decode=True)
        key = f"{bucket}/{metadata['name']}"
        current = self.objects[key]["metadata"]["generation"] if key in self.objects else "0"
        if values["ifGenerationMatch"] != current:
            raise Rejected(412, "conditionNotMet", "At least one of the pre-conditions you specified did not hold.")
        self.count += 1
        metadata |= {
            "generation": str(self.count), "size": str(len(content)),
            "md5Hash": base64.b64encode(hashlib.md5(content).digest()).decode(),  # noqa: S324
        }  # fmt: skip
        self.objects[key] = {"metadata": metadata, "content": content}
        return metadata

    def public(self, bucket: str, path: str) -> tuple[int, Any]:
        key = bucket + path
        if key not in self.objects or "allUsers" not in self.members(f"gs://{bucket}", "roles/storage.legacyObjectReader"):
            return 404, b"<Error/>"
        return 200, self.objects[key]["content"]
