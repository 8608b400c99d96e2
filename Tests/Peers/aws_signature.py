"""Verifies SigV4 signatures of requests to S3 and CloudFront with botocore's signer.

Moto verifies no signatures. Sources: IAM User Guide, "Create a signed AWS API request" (canonical request, what has
to be signed); S3 API Reference, "Authenticating Requests: Using the Authorization Header" (x-amz-content-sha256).
"""

import hashlib
import re
from dataclasses import dataclass

from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<key>[^/]+)/(?P<day>[0-9]{8})/(?P<region>[a-z0-9-]+)/(?P<service>[a-z0-9]+)"
    r"/aws4_request, ?SignedHeaders=(?P<names>[a-z0-9;-]+), ?Signature=(?P<signature>[0-9a-f]{64})"
)


@dataclass(frozen=True)
class Signed:
    """The fields of an Authorization header."""

    key: str
    region: str
    service: str
    names: tuple[str, ...]
    signature: str

    @classmethod
    def parse(cls, header: str) -> "Signed | None":
        found = AUTHORIZATION.fullmatch(header)
        if not found:
            return None
        names = tuple(found["names"].split(";"))
        return cls(found["key"], found["region"], found["service"], names, found["signature"])


def refusal(
    method: str, path: str, headers: dict[str, str], body: bytes, secret: str, session_token: str | None = None
) -> str | None:
    """Why the signature is invalid; None if it is valid. Names in `headers` are in lower case."""
    signed = Signed.parse(headers.get("authorization", ""))
    if signed is None:
        return "there is no Authorization header of Signature Version 4"
    unsigned = [
        name for name in headers if (name == "host" or name.startswith("x-amz-")) and name not in signed.names
    ]  # fmt: skip
    if unsigned:
        return f"not signed: {', '.join(unsigned)}"
    digest = hashlib.sha256(body).hexdigest()
    if signed.service == "s3" and headers.get("x-amz-content-sha256") != digest:
        return "x-amz-content-sha256 is not the body's"
    if headers.get("x-amz-security-token") != session_token:
        return "x-amz-security-token is not the session's"
    request = AWSRequest(
        method, f"http://{headers['host']}{path}", {name: headers.get(name, "") for name in signed.names}, body
    )
    request.context["timestamp"] = headers.get("x-amz-date", "")
    signer_type = S3SigV4Auth if signed.service == "s3" else SigV4Auth
    signer = signer_type(Credentials(signed.key, secret), signed.service, signed.region)
    wanted = signer.signature(signer.string_to_sign(request, signer.canonical_request(request)), request)
    return None if wanted == signed.signature else "the signature is another"
