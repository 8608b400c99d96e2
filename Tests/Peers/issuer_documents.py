"""Reads an issuer's two documents over TLS as a relying party does, and finds a key in them.

Sources: OpenID Connect Discovery 1.0 sections 3 (metadata; `authorization_endpoint` does not apply to an issuer that
nobody signs in at), 4.2 and 4.3 (https, `issuer` equal to the URL); RFC 7517 section 5; AWS STS API Reference,
"AssumeRoleWithWebIdentity" (InvalidIdentityToken, IDPCommunicationError); AWS re:Post, "How do I resolve the
InvalidIdentityToken error" (the documents must be reachable). AWS waits 5 seconds for them; this module does not, so that
its verdict is the same on a slow machine.
"""

import http.client
import json
import re
import socket
import ssl
import threading
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from sts_error import idp_communication_error, no_verification_key
from waiting import DEADLINE

MAXIMUM_SIZE = 64 * 1024
MAXIMUM_KEYS_PER_TYPE = 100
MAXIMUM_CACHED_ISSUERS = 16

REQUIRED_LISTS = ("response_types_supported", "subject_types_supported", "id_token_signing_alg_values_supported")

PLAIN_URL = re.compile(r"https://[A-Za-z0-9.-]+(/[A-Za-z0-9._~!$&'()*+,;=:@%/-]*)?")
"""AWS does not support a port or a query in an issuer's URL."""

Address = tuple[str, int]


@dataclass(frozen=True)
class IssuerKeys:
    """The documents of an issuer: its keys by `kid`, and the algorithms of its discovery document."""

    keys: dict[str, dict[str, Any]]
    algorithms: tuple[str, ...]
    read_at: float


class IssuerDocuments:
    """The cached documents of issuers, which are read again for an unknown `kid`."""

    def __init__(self, ca_file: str | None, connect_to: dict[str, Address], cache_seconds: float = 60) -> None:
        self._context = ssl.create_default_context(cafile=ca_file)
        self._connect_to = connect_to
        self._cache_seconds = cache_seconds
        self._cache: dict[str, IssuerKeys] = {}
        self._lock = threading.Lock()

    def _address(self, host: str) -> Address:
        """Of the host itself, else of `*` and its parent domain."""
        return self._connect_to.get(host) or self._connect_to.get(f"*.{host.partition('.')[2]}") or (host, 443)

    def key(self, issuer: str, key_id: str, algorithm: str) -> dict[str, Any]:
        """The public key `key_id` of `issuer`, whose discovery document must name `algorithm`."""
        with self._lock:
            known = self._cache.get(issuer)
        if known is None or key_id not in known.keys or time.monotonic() - known.read_at > self._cache_seconds:
            known = self._read(issuer)
            with self._lock:
                self._cache.pop(issuer, None)
                self._cache[issuer] = known
                while len(self._cache) > MAXIMUM_CACHED_ISSUERS:
                    self._cache.pop(next(iter(self._cache)))
        if algorithm not in known.algorithms:
            raise no_verification_key(f"the discovery document does not name {algorithm}")
        if key_id not in known.keys:
            raise no_verification_key("no key of the JWKS has the token's kid")
        return known.keys[key_id]

    def _read(self, issuer: str) -> IssuerKeys:
        discovery = self._get(issuer.removesuffix("/") + "/.well-known/openid-configuration")
        if discovery.get("issuer") != issuer:
            raise no_verification_key(f"the discovery document is of issuer {discovery.get('issuer')!r}")
        for name in REQUIRED_LISTS:
            if not isinstance(discovery.get(name), list) or not discovery[name]:
                raise no_verification_key(f"the discovery document lacks {name}")
        jwks_uri = discovery.get("jwks_uri")
        if not isinstance(jwks_uri, str):
            raise no_verification_key("the discovery document lacks jwks_uri")
        keys = _keys_by_id(self._get(jwks_uri))
        return IssuerKeys(keys, tuple(discovery["id_token_signing_alg_values_supported"]), time.monotonic())

    def _get(self, url: str) -> dict[str, Any]:
        """Sends a GET over https without redirects, with a time limit and a size limit; expects a JSON object."""
        if not PLAIN_URL.fullmatch(url):
            raise no_verification_key(f"{url!r} is not an https URL without port and query")
        parts = urlsplit(url)
        host = (parts.hostname or "").lower()
        connection = _Connection(host, self._address(host), self._context)
        limit = None
        try:
            connection.connect()
            limit = threading.Timer(DEADLINE, connection.abort)
            limit.start()
            connection.request("GET", parts.path or "/", headers={"Accept": "application/json"})
            response = connection.getresponse()
            body = response.read(MAXIMUM_SIZE + 1)
        except (OSError, http.client.HTTPException) as error:
            raise idp_communication_error(f"{url}: {type(error).__name__}: {error}") from None
        finally:
            if limit:
                limit.cancel()
            connection.close()
        if response.status >= 500:
            raise idp_communication_error(f"{url} answered {response.status}")
        if response.status != 200:
            raise no_verification_key(f"{url} answered {response.status}")
        if len(body) > MAXIMUM_SIZE:
            raise no_verification_key(f"{url} is larger than {MAXIMUM_SIZE} bytes")
        return _json_object(url, body)


class _Connection(http.client.HTTPSConnection):
    """Connects to `address` with the SNI, Host and certificate name of `host`."""

    def __init__(self, host: str, address: Address, context: ssl.SSLContext) -> None:
        super().__init__(host, timeout=DEADLINE, context=context)
        self._address = address
        self._tls = context

    def connect(self) -> None:
        self.sock = self._tls.wrap_socket(socket.create_connection(self._address, DEADLINE), server_hostname=self.host)

    def abort(self) -> None:
        try:
            if self.sock:
                self.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


def _json_object(url: str, body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        raise no_verification_key(f"{url} is not JSON") from None
    if not isinstance(value, dict):
        raise no_verification_key(f"{url} is not a JSON object")
    return value


def _keys_by_id(jwks: dict[str, Any]) -> dict[str, dict[str, Any]]:
    members = jwks.get("keys")
    if not isinstance(members, list) or not all(isinstance(key, dict) for key in members):
        raise no_verification_key("the JWKS has no list of keys")
    keys: dict[str, dict[str, Any]] = {}
    for key in members:
        if "d" in key or key.get("kty") == "oct":
            raise no_verification_key("the JWKS holds a private key")
        key_id = key.get("kid")
        if not isinstance(key_id, str) or key_id in keys:
            raise no_verification_key("a key of the JWKS has no kid, or the kid of another")
        keys[key_id] = key
    for kty in ("RSA", "EC"):
        if sum(key.get("kty") == kty for key in members) > MAXIMUM_KEYS_PER_TYPE:
            raise no_verification_key(f"the JWKS holds more than {MAXIMUM_KEYS_PER_TYPE} {kty} keys")
    return keys
