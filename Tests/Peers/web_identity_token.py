"""A web identity token (a JWT) and every check on it that needs no account: shape, algorithm, signature, times.

Sources: AWS STS API Reference, "AssumeRoleWithWebIdentity" (parameter WebIdentityToken: algorithms, integer times;
SubjectFromWebIdentityToken: 6 to 255 characters); IAM User Guide, "Available keys for AWS OIDC federation" (azp before
aud); RFC 7515 sections 2 and 4.1 (base64url, header), RFC 7518 section 3.1 (algorithms), RFC 7519 section 4.1 (claims).
"""

import base64
import json
import re
from dataclasses import dataclass
from typing import Any

from joserfc import jwk, jws
from joserfc.errors import JoseError

from sts_error import expired_token, invalid_identity_token, no_verification_key

LEEWAY = 300
"""Seconds of clock difference that AWS tolerates."""

KEY_TYPES = {
    "RS256": ("RSA", None), "RS384": ("RSA", None), "RS512": ("RSA", None),
    "ES256": ("EC", "P-256"), "ES384": ("EC", "P-384"), "ES512": ("EC", "P-521"),
}  # fmt: skip
"""The algorithms that AWS accepts, each with its `kty` and `crv`."""


@dataclass(frozen=True)
class WebIdentityToken:
    """A decoded token. It is not trusted before `verify` has returned."""

    compact: str
    algorithm: str
    key_id: str
    issuer: str
    subject: str
    audiences: tuple[str, ...]
    methods: tuple[str, ...]
    times: dict[str, int]

    @classmethod
    def parse(cls, compact: str) -> "WebIdentityToken":
        """Decodes a compact JWS and checks the shape of its header and claims."""
        parts = compact.split(".")
        if len(parts) != 3 or not all(re.fullmatch(r"[A-Za-z0-9_-]+", part) for part in parts):
            raise invalid_identity_token("The ID Token provided is not a valid JWT", "not three parts of base64url")
        header, claims = _json_object(parts[0], "header"), _json_object(parts[1], "claims")
        algorithm = header.get("alg")
        if algorithm not in KEY_TYPES:
            raise invalid_identity_token("Token signature algorithm is not supported", f"alg {algorithm!r}")
        return cls(
            compact=compact,
            algorithm=algorithm,
            key_id=_text(header, "kid"),
            issuer=_text(claims, "iss"),
            subject=_subject(claims),
            audiences=_audiences(claims),
            methods=_strings(claims.get("amr", []), "amr"),
            times=_times(claims),
        )

    def verify(self, key: dict[str, Any]) -> None:
        """Verifies the signature with `key`, the key of the issuer's JWKS with this token's `kid`."""
        kty, curve = KEY_TYPES[self.algorithm]
        if key.get("kty") != kty or key.get("crv") != curve:
            raise no_verification_key(f"{self.algorithm} needs kty {kty}, the key has {key.get('kty')!r}")
        if key.get("alg", self.algorithm) != self.algorithm or key.get("use", "sig") != "sig":
            raise no_verification_key(f"the key's alg or use does not allow {self.algorithm}")
        try:
            jws.deserialize_compact(self.compact, jwk.import_key(key), algorithms=[self.algorithm])
        except (JoseError, ValueError, TypeError) as error:
            raise invalid_identity_token("Token signature is invalid", type(error).__name__) from None

    def check_times(self, now: int) -> None:
        """Checks `exp`, `nbf` and `iat` against `now`, with the leeway of AWS."""
        if now > self.times["exp"] + LEEWAY:
            raise expired_token(now, self.times["exp"])
        for claim in ("nbf", "iat"):
            if self.times.get(claim, now) > now + LEEWAY:
                raise invalid_identity_token("Token is not yet valid", f"{claim} lies in the future")


def _json_object(part: str, what: str) -> dict[str, Any]:
    try:
        value = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)), object_pairs_hook=_no_duplicates)
        if not isinstance(value, dict):
            raise ValueError("not an object")
    except (ValueError, RecursionError) as error:
        raise invalid_identity_token("The ID Token provided is not a valid JWT", f"{what}: {error}") from None
    return value


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("a member appears twice")
    return value


def _text(members: dict[str, Any], name: str) -> str:
    value = members.get(name)
    if not isinstance(value, str) or not value:
        raise invalid_identity_token(f"Missing a required claim: {name}")
    return value


def _subject(claims: dict[str, Any]) -> str:
    subject = _text(claims, "sub")
    if not 6 <= len(subject) <= 255:
        raise invalid_identity_token("Invalid subject", f"sub has {len(subject)} characters, not 6 to 255")
    return subject


def _strings(value: Any, name: str) -> tuple[str, ...]:
    values = [value] if isinstance(value, str) else value
    if not isinstance(values, list) or not all(isinstance(item, str) for item in values):
        raise invalid_identity_token(f"Invalid claim: {name}")
    return tuple(values)


def _audiences(claims: dict[str, Any]) -> tuple[str, ...]:
    """The authorized party if the token has one, else the audience."""
    audiences = _strings(claims.get("azp") or claims.get("aud") or [], "aud")
    if not audiences:
        raise invalid_identity_token("Missing a required claim: aud")
    return audiences


def _times(claims: dict[str, Any]) -> dict[str, int]:
    times = {}
    for name in ("exp", "iat", "nbf"):
        if name not in claims and name == "nbf":
            continue
        if type(claims.get(name)) is not int:  # a bool or a float is no timestamp
            raise invalid_identity_token(f"Missing a required claim: {name}", f"{name} is absent or no integer")
        times[name] = claims[name]
    return times
