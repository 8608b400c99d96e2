"""Failures of S3, CloudFront, STS and of proxies between: each is a fault of the fault proxy.

A fault is a function of the proxy's handler and the request. It responds instead of the service, or returns False to
forward the request. Sources: S3 API Reference, "Error responses" (codes, statuses; a HEAD's error has no document) and
"REST authentication"; S3 User Guide, "Making requests" (redirects) and "Controlling ownership of objects" (ACLs
disabled); CloudFront API Reference 2020-05-31, "CreateInvalidation" and "Common Error Types".
"""

import contextlib
import secrets
import time
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from waiting import DEADLINE

if TYPE_CHECKING:
    from fault_proxy import Handler
    from fault_rule import Request

Fault = Callable[["Handler", "Request"], bool]

CLOUDFRONT = "http://cloudfront.amazonaws.com/doc/2020-05-31/"


def s3_error(status: int, code: str, message: str, *, head: bool = False, **fields: str) -> Fault:
    """An S3 error document with a new request id; a HEAD gets only the status and headers.

    `head`: whether the fault is for HEAD alone. A field whose name has a `_` becomes a header.
    """

    def answer(handler: "Handler", request: "Request") -> bool:
        if head and request.method != "HEAD":
            return False
        more = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in fields.items() if "_" not in name)
        request_id = secrets.token_hex(8).upper()
        document = (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            f"<Error><Code>{code}</Code><Message>{escape(message)}</Message>{more}"
            f"<RequestId>{request_id}</RequestId><HostId>{secrets.token_urlsafe(48)}</HostId></Error>"
        )
        headers = {"Content-Type": "application/xml", "x-amz-request-id": request_id}
        for name, value in fields.items():
            if "_" in name:
                headers[name.replace("_", "-")] = value
        return handler.reply(status, headers, document.encode())

    return answer


def cloudfront_document(code: str, message: str) -> tuple[dict[str, str], bytes]:
    """A CloudFront error document with its headers."""
    request_id = str(uuid.uuid4())
    document = (
        f'<?xml version="1.0"?>\n<ErrorResponse xmlns="{CLOUDFRONT}"><Error><Type>Sender</Type><Code>{code}</Code>'
        f"<Message>{escape(message)}</Message></Error><RequestId>{request_id}</RequestId></ErrorResponse>"
    )
    return {"Content-Type": "text/xml", "x-amzn-RequestId": request_id}, document.encode()


def cloudfront_error(status: int, code: str, message: str) -> Fault:
    return lambda handler, request: handler.reply(status, *cloudfront_document(code, message))


def body(content: bytes, status: int = 200, content_type: str = "application/xml") -> Fault:
    """A response with this content; a HEAD gets only the headers."""
    return lambda handler, request: handler.reply(status, {"Content-Type": content_type}, content)


def slow_down(seconds: int = 2) -> Fault:
    return s3_error(503, "SlowDown", "Please reduce your request rate.", Retry_After=str(seconds))


def moved(region: str) -> Fault:
    """The bucket is in another region: a request that is signed for another one is redirected."""

    def answer(handler: "Handler", request: "Request") -> bool:
        if request.region == region:
            return False
        redirect = s3_error(
            301, "PermanentRedirect",
            "The bucket you are attempting to access must be addressed using the specified endpoint.",
            x_amz_bucket_region=region, Endpoint=f"bucket.s3.{region}.amazonaws.com", Bucket="bucket",
        )  # fmt: skip
        return redirect(handler, request)

    return answer


def cut(handler: "Handler", request: "Request") -> bool:
    """The request is executed, and the response is truncated in its body."""
    answer = handler.forward(request)
    content = answer.content or b"<"
    handler.start(answer.status, {**answer.headers, "Content-Length": str(len(content) + 100)})
    handler.write(content[: len(content) // 2] if request.method != "HEAD" else b"")
    return handler.hang_up(answer.status)


def cut_in_head(handler: "Handler", request: "Request") -> bool:
    """The request is executed, and the response is truncated in its header."""
    answer = handler.forward(request)
    handler.write(b"HTTP/1.1 200 OK\r\nContent-Ty")
    return handler.hang_up(answer.status)


def never(handler: "Handler", request: "Request") -> bool:
    """No response."""
    handler.connection.settimeout(DEADLINE)
    with contextlib.suppress(OSError):
        handler.connection.recv(1)
    return handler.hang_up(0)


def drip(handler: "Handler", request: "Request") -> bool:
    """A response that continues slowly without end."""
    handler.start(200, {"Content-Type": "application/xml", "ETag": '"0"'})
    end = time.monotonic() + DEADLINE
    with contextlib.suppress(OSError):
        while time.monotonic() < end:
            handler.write(b" ")
            time.sleep(0.2)
    return handler.hang_up(200)


def endless(handler: "Handler", request: "Request") -> bool:
    """A body of up to one gigabyte at full speed."""
    handler.start(200, {"Content-Type": "application/xml", "ETag": '"0"'})
    handler.write(b'<?xml version="1.0"?><Invalidation><Id>')
    with contextlib.suppress(OSError):
        for _ in range(1 << 14):
            handler.write(b"x" * (1 << 16))
    return handler.hang_up(200)


def refuse_acl(handler: "Handler", request: "Request") -> bool:
    """A bucket with ACLs disabled, as new buckets have: a request with an ACL is rejected."""
    if not any(name == "x-amz-acl" or name.startswith("x-amz-grant-") for name in request.headers):
        return False
    return s3_error(400, "AccessControlListNotSupported", "The bucket does not allow ACLs")(handler, request)


def billion_laughs() -> bytes:
    levels = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    return f'<!DOCTYPE Error [<!ENTITY l0 "lol">{levels}]><Error><Code>&l9;</Code></Error>'.encode()


def quadratic_bomb() -> bytes:
    return f'<!DOCTYPE Error [<!ENTITY a "{"a" * 50_000}">]><Error><Code>{"&a;" * 50_000}</Code></Error>'.encode()


HTML = b"<!doctype html><html><body><h1>Sign in to the guest network</h1><p>one<br>two</body></html>"
TRUNCATED = b'<?xml version="1.0" encoding="UTF-8"?><Error><Code>Access'

FAULTS: dict[str, Fault] = {
    "internal-error": s3_error(500, "InternalError", "We encountered an internal error. Please try again."),
    "slow-down": slow_down(),
    "cut": cut,
    "cut-in-head": cut_in_head,
    "expired-token": s3_error(400, "ExpiredToken", "The provided token has expired."),
    "access-denied": s3_error(403, "AccessDenied", "Access Denied"),
    "head-denied": s3_error(403, "AccessDenied", "Access Denied", head=True),
    "no-such-bucket": s3_error(404, "NoSuchBucket", "The specified bucket does not exist"),
    "conflict": s3_error(409, "ConditionalRequestConflict", "A conflicting operation occurred"),
    "moved": moved("eu-central-1"),
    "too-many-invalidations": cloudfront_error(
        400, "TooManyInvalidationsInProgress", "Processing your request will cause you to exceed the maximum number"
    ),
    "no-such-distribution": cloudfront_error(
        404, "NoSuchDistribution", "The specified distribution does not exist."
    ),
    "cloudfront-denied": cloudfront_error(
        403, "AccessDenied", "User is not authorized to perform: cloudfront:CreateInvalidation"
    ),
    "cloudfront-throttling": cloudfront_error(400, "Throttling", "Rate exceeded"),
    "html": body(HTML, 502, "text/html"),
    "html-200": body(HTML, 200, "text/html"),
    "truncated": body(TRUNCATED, 403),
    "truncated-200": body(TRUNCATED, 200),
    "billion-laughs": body(billion_laughs(), 400),
    "billion-laughs-200": body(billion_laughs(), 200),
    "quadratic-bomb": body(quadratic_bomb(), 400),
    "endless": endless,
    "drip": drip,
    "never": never,
    "acl": refuse_acl,
}  # fmt: skip
