#!/usr/bin/env python3
"""A proxy in front of moto with faults on demand, and with the rules of S3 and CloudFront that moto lacks.

Every request is forwarded unchanged; the next ones of a method and path can get a fault (see aws_faults.py) instead. It
adds to moto: signatures of known access keys are verified; a bucket rejects ACLs; conditional writes and all other
writes are executed one after the other; a checksum is verified and stored; an invalidation is `InProgress` at the first
requests for it, then `Completed`, and the same CallerReference means the same invalidation. The first line on stdout is
its URL.

Sources: S3 User Guide, "How to prevent object overwrites with conditional writes" and "Checking object integrity"; S3
API Reference, "PutObject".

    fault_proxy.py --upstream http://127.0.0.1:5000 --account 111111111111 --fault 'slow-down=PUT,/bucket/.*,2'
"""

import argparse
import base64
import contextlib
import hashlib
import http.client
import re
import sys
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aws_signature
import secret_scan
from aws_faults import FAULTS, Fault, refuse_acl, s3_error
from aws_invalidations import Invalidations
from fault_rule import Answer, Request, Rule
from loopback_server import LoopbackServer
from waiting import DEADLINE

MAXIMUM_BODY = 1 << 20
HOP_BY_HOP = {"connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade", "expect"}
HANDED_OUT = re.compile(
    rb"<AccessKeyId>([^<]+)</AccessKeyId>\s*<SecretAccessKey>([^<]+)</SecretAccessKey>\s*"
    rb"<SessionToken>([^<]+)</SessionToken>"
)


class Handler(BaseHTTPRequestHandler):
    """One connection. Faults respond with `reply`, or with `start`, `write` and `hang_up`."""

    protocol_version = "HTTP/1.1"
    server: "FaultProxy"

    def handle_request(self) -> None:
        length = self.headers.get("Content-Length", "0")
        if "Transfer-Encoding" in self.headers or not length.isdigit() or int(length) > MAXIMUM_BODY:
            self.close_connection = True
            return self.send_error(411)
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.request_seen = Request(self.command, self.path, headers, self.rfile.read(int(length)))
        self.server.seen.append(self.request_seen)
        with contextlib.suppress(ConnectionError):
            self.server.answer(self, self.request_seen)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = handle_request

    def reply(self, status: int, headers: dict[str, str], content: bytes) -> bool:
        """Sends a complete response; for a HEAD only the header."""
        kept = {name: value for name, value in headers.items() if name.lower() != "content-length"}
        length = len(content)
        if self.command == "HEAD":
            length = int({name.lower(): value for name, value in headers.items()}.get("content-length", "0"))
        if status not in (204, 304):
            kept["Content-Length"] = str(length)
        self.request_seen.status = status
        self.start(status, kept)
        if self.command != "HEAD":
            self.write(content)
        return True

    def start(self, status: int, headers: dict[str, str]) -> None:
        self.send_response_only(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def write(self, content: bytes) -> None:
        self.wfile.write(content)
        self.wfile.flush()

    def hang_up(self, status: int) -> bool:
        self.request_seen.status = status
        self.close_connection = True
        return True

    def forward(self, request: Request) -> Answer:
        return self.server.forward(request)

    def log_message(self, format: str, *arguments: Any) -> None:
        """Logs nothing; `seen` has the requests."""


class FaultProxy(LoopbackServer):
    """The server. `seen` has every request, `secrets` the secret (and session token) of each known access key."""

    def __init__(self, upstream: str, account: str | None = None, pki: Path | None = None, port: int = 0) -> None:
        super().__init__(Handler, pki, port)
        self.upstream = urlsplit(upstream).netloc
        self.account = account
        self.seen: list[Request] = []
        self.secrets: dict[str, tuple[str, str | None]] = {}
        self._rules: list[Rule] = []
        self._invalidations = Invalidations()
        self._lock = threading.Lock()
        self._writes = threading.Lock()

    @property
    def invalidation_looks(self) -> int:
        """The number of status requests that find an invalidation in progress."""
        return self._invalidations.looks

    @invalidation_looks.setter
    def invalidation_looks(self, looks: int) -> None:
        self._invalidations.looks = looks

    def fail(self, fault: str | Fault, method: str = ".*", path: str = ".*", count: int | None = None,
             when: Callable[[Request], bool] | None = None) -> Rule:  # fmt: skip
        """Makes the next matching requests fail, until `clear`."""
        rule = Rule(FAULTS[fault] if isinstance(fault, str) else fault, method, path, count, when)
        with self._lock:
            self._rules.append(rule)
        return rule

    def clear(self, *rules: Rule) -> None:
        """Ends these faults; without arguments all of them."""
        with self._lock:
            self._rules = [rule for rule in self._rules if rules and rule not in rules]

    def requests(self, method: str = ".*", path: str = ".*") -> list[Request]:
        return [
            request
            for request in list(self.seen)
            if re.fullmatch(method, request.method) and re.fullmatch(path, request.path)
        ]

    def answer(self, handler: Handler, request: Request) -> None:
        refused = self._signature_refusal(request)
        if refused:
            s3_error(403, "SignatureDoesNotMatch", refused)(handler, request)
            return
        if any(self._strikes(rule, handler, request) for rule in list(self._rules)):
            return
        if refuse_acl(handler, request) or self._bad_checksum(handler, request):
            return
        answer = self.forward(request)
        handler.reply(answer.status, answer.headers, answer.content)

    def _strikes(self, rule: Rule, handler: Handler, request: Request) -> bool:
        """Whether the fault of the rule has responded; otherwise the next rule applies."""
        with self._lock:
            if not rule.fits(request):
                return False
            rule.hits += 1
        request.is_fault = True
        request.is_fault = rule.fault(handler, request)
        return request.is_fault

    def forward(self, request: Request) -> Answer:
        """The response of moto. Writes are serialized, since moto compares and writes in two steps."""
        if Invalidations.PATH.fullmatch(request.path):
            with self._writes:
                return self._invalidations.answer(request, self._forward)
        if request.method in ("PUT", "DELETE"):
            with self._writes:
                return self._forward(request)
        return self._forward(request)

    def account_of(self, request: Request) -> str | None:
        """The account of a request that names none; None where moto finds it by the access key."""
        return self.account

    def _forward(self, request: Request) -> Answer:
        connection = http.client.HTTPConnection(self.upstream, timeout=DEADLINE)
        dropped = HOP_BY_HOP | {"content-length"}
        headers = {name: value for name, value in request.headers.items() if name not in dropped}
        account = self.account_of(request)
        if account:
            headers.setdefault("x-moto-account-id", account)
        if request.method == "PUT" and "x-amz-checksum-sha256" in headers:
            headers.setdefault("x-amz-sdk-checksum-algorithm", "SHA256")  # else moto does not keep it
        try:
            connection.request(request.method, request.path, request.body or None, {**headers, "Connection": "close"})
            answer = connection.getresponse()
            content = answer.read()
        except (OSError, http.client.HTTPException) as error:
            return Answer(502, {"Content-Type": "text/plain"}, f"{type(error).__name__}: {error}\n".encode())
        finally:
            connection.close()
        for key, secret, token in HANDED_OUT.findall(content):
            self.secrets[key.decode()] = (secret.decode(), token.decode())
            secret_scan.RUN.secret(secret.decode(), "a secret access key")
            secret_scan.RUN.secret(token.decode(), "a session token")
        kept = {name: value for name, value in answer.getheaders() if name.lower() not in HOP_BY_HOP}
        request_id = re.search(rb"<RequestId>([^<]+)</RequestId>", content)
        if request_id and not any(name.lower() in ("x-amz-request-id", "x-amzn-requestid") for name in kept):
            kept["x-amzn-RequestId"] = request_id[1].decode()  # AWS says it in both places
        return Answer(answer.status, kept, content)

    def _signature_refusal(self, request: Request) -> str | None:
        signed = aws_signature.Signed.parse(request.headers.get("authorization", ""))
        if signed is None or signed.key not in self.secrets:
            return None
        secret, token = self.secrets[signed.key]
        return aws_signature.refusal(request.method, request.path, request.headers, request.body, secret, token)

    def _bad_checksum(self, handler: Handler, request: Request) -> bool:
        sent = request.headers.get("x-amz-checksum-sha256")
        if sent in (None, base64.b64encode(hashlib.sha256(request.body).digest()).decode()):
            return False
        return s3_error(400, "BadDigest", "The SHA256 you specified did not match the calculated checksum.")(
            handler, request
        )


def _fault(text: str) -> Rule:
    found = re.fullmatch(r"(?P<name>[a-z0-9-]+)=(?P<method>[^,]+),(?P<path>.+?)(?:,(?P<count>[0-9]+))?", text)
    if not found or found["name"] not in FAULTS:
        raise ValueError(text)
    return Rule(FAULTS[found["name"]], found["method"], found["path"], int(found["count"]) if found["count"] else None)


def main() -> None:
    parser = argparse.ArgumentParser(
        description="A proxy in front of moto with faults on demand.", epilog=f"faults: {', '.join(sorted(FAULTS))}"
    )
    parser.add_argument("--upstream", required=True, metavar="URL")
    parser.add_argument("--account", help="12 digits; of requests that name none")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--pki", type=Path, metavar="DIR", help="with server.pem and server-key.pem: TLS")
    parser.add_argument("--invalidation-looks", type=int, default=0, help="how many requests find one in progress")
    parser.add_argument("--fault", type=_fault, action="append", default=[], metavar="NAME=METHOD,PATH[,COUNT]")
    options = parser.parse_args()
    with FaultProxy(options.upstream, options.account, options.pki, options.port) as proxy:
        proxy.invalidation_looks = options.invalidation_looks
        for rule in options.fault:
            proxy.fail(rule.fault, rule.method, rule.path, rule.count)
        print(proxy.url, flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            proxy.serve_forever()


if __name__ == "__main__":
    sys.exit(main())
