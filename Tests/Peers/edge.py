#!/usr/bin/env python3
"""A fake CDN in front of a bucket, on loopback: TLS, a cache, and the invalidations of moto's CloudFront.

Each front is an issuer's host and the bucket that it serves. Objects are cached for their max-age, errors for a short
time, and both are removed when the distribution has a new invalidation of their path. An absent
object is AccessDenied, as S3 responds to a distribution that may not list the bucket. `delay` delays invalidations: the
cache then keeps its objects. The first line on stdout is the address that it listens on.

Sources: CloudFront Developer Guide, "Manage how long content stays in the cache", "Control how long CloudFront caches
errors" (10 seconds), "Invalidate files" (paths, `*` at the end only), "Restrict access to an Amazon S3 origin"; S3 API
Reference, "GetObject" (403 for an absent object without s3:ListBucket).

    edge.py --moto http://127.0.0.1:5000 --pki DIR --front d1.cloudfront.net=111111111111/bucket,E1BKYHE1TT8Z10
    edge.py --moto http://127.0.0.1:5000 --pki DIR --account 111111111111
"""

import argparse
import contextlib
import re
import sys
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from loopback_server import LoopbackServer
from moto_account import account_client

PASSED_ON = {"ContentType": "Content-Type", "CacheControl": "Cache-Control", "ETag": "ETag"}
DEFAULT_AGE = 86_400.0
"""Seconds that CloudFront keeps an object that has no Cache-Control."""

ACCESS_DENIED = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>AccessDenied</Code><Message>Access Denied</Message>'
    b"<RequestId>4442587FB7D0A2F9</RequestId></Error>"
)


@dataclass(frozen=True)
class Front:
    """The location of a host's documents."""

    account: str
    bucket: str
    prefix: str = ""
    distribution: str | None = None

    @classmethod
    def parse(cls, text: str) -> tuple[str, "Front"]:
        """HOST=ACCOUNT/BUCKET[/PREFIX][,DISTRIBUTION]"""
        host, _, place = text.partition("=")
        path, _, distribution = place.partition(",")
        account, _, rest = path.partition("/")
        bucket, _, prefix = rest.partition("/")
        if not host or not account or not bucket:
            raise ValueError(text)
        return host.lower(), cls(account, bucket, prefix.strip("/"), distribution or None)


class Fronts(dict[str, Front]):
    """Every distribution of the accounts serves its first origin, as CloudFront does."""

    def __init__(self, moto: str, accounts: list[str], fixed: dict[str, Front] | None = None) -> None:
        super().__init__(fixed or {})
        self.clients = {account: account_client(moto, account, "cloudfront") for account in accounts}

    def get(self, host: str, default: Any = None) -> Any:
        for account, client in self.clients.items():
            for found in client.list_distributions()["DistributionList"].get("Items") or []:
                if found["DomainName"] == host:
                    origin = found["Origins"]["Items"][0]
                    bucket, prefix = origin["DomainName"].split(".")[0], origin["OriginPath"].strip("/")
                    return Front(account, bucket, prefix, found["Id"])
        return super().get(host, default)


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    content: bytes
    end: float
    """A cached response with its expiration on the monotonic clock."""


@dataclass
class _Cache:
    answers: dict[str, Answer] = field(default_factory=dict)
    invalidations: dict[str, tuple[float, list[str]]] = field(default_factory=dict)
    """The time of each invalidation and its paths; no paths after it has had its effect."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: "Edge"

    def do_GET(self) -> None:
        host = self.headers.get("Host", "").split(":")[0].lower()
        answer, is_hit = self.server.answer(host, self.path.split("?")[0])
        self.send_response_only(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("X-Cache", "Hit from cloudfront" if is_hit else "Miss from cloudfront")
        self.send_header("Content-Length", str(len(answer.content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.content)

    do_HEAD = do_GET

    def log_message(self, format: str, *arguments: Any) -> None:
        """Logs nothing; `reads` has the requests."""


class Edge(LoopbackServer):
    """The server. `reads` has the host and path of every request; `delay` is the duration of an invalidation in seconds."""

    def __init__(
        self, moto: str, pki: Path, fronts: dict[str, Front] | None = None, error_seconds: float = 10, port: int = 0
    ) -> None:
        super().__init__(_Handler, pki, port)
        self.moto = moto
        self.fronts = {} if fronts is None else fronts
        self.error_seconds = error_seconds
        self.delay = 0.0
        self.reads: list[tuple[str, str]] = []
        self._caches: dict[str, _Cache] = {}
        self._lock = threading.Lock()

    def answer(self, host: str, path: str) -> tuple[Answer, bool]:
        """The response, and whether it is from the cache."""
        self.reads.append((host, path))
        front = self.fronts.get(host)
        if front is None:
            return Answer(403, {"Content-Type": "text/plain"}, b"no distribution has this name\n", 0), False
        with self._lock:
            cache = self._caches.setdefault(host, _Cache())
            self._forget(front, cache)
            known = cache.answers.get(path)
            if known and time.monotonic() < known.end:
                return known, True
            cache.answers[path] = self._read(front, path)
            return cache.answers[path], False

    def _forget(self, front: Front, cache: _Cache) -> None:
        """Removes the objects of invalidations that are older than `delay`."""
        if front.distribution is None:
            return
        client = account_client(self.moto, front.account, "cloudfront")
        now = time.monotonic()
        listed = client.list_invalidations(DistributionId=front.distribution)["InvalidationList"].get("Items") or []
        for one in listed:
            if one["Id"] in cache.invalidations:
                continue
            batch = client.get_invalidation(DistributionId=front.distribution, Id=one["Id"])["Invalidation"]
            cache.invalidations[one["Id"]] = (now, batch["InvalidationBatch"]["Paths"]["Items"])
        for name, (seen, paths) in cache.invalidations.items():
            if paths and now >= seen + self.delay:
                cache.answers = {path: a for path, a in cache.answers.items() if not _names(paths, path)}
                cache.invalidations[name] = (seen, [])

    def _read(self, front: Front, path: str) -> Answer:
        key = "/".join(part for part in [front.prefix, path.lstrip("/")] if part)
        now = time.monotonic()
        try:
            found = account_client(self.moto, front.account, "s3").get_object(Bucket=front.bucket, Key=key)
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] >= 500:
                return Answer(503, {"Content-Type": "application/xml"}, b"", now)
            return Answer(403, {"Content-Type": "application/xml"}, ACCESS_DENIED, now + self.error_seconds)
        headers = {name: found[member] for member, name in PASSED_ON.items() if found.get(member)}
        age = re.search(r"(?:^|[\s,])max-age=([0-9]+)", headers.get("Cache-Control", ""))
        return Answer(200, headers, found["Body"].read(), now + (float(age[1]) if age else DEFAULT_AGE))


def _names(patterns: list[str], path: str) -> bool:
    return any(path == p or (p.endswith("*") and path.startswith(p[:-1])) for p in patterns)


def main() -> None:
    parser = argparse.ArgumentParser(description="A fake CDN in front of a bucket, on loopback.")
    parser.add_argument("--moto", required=True, metavar="URL")
    parser.add_argument("--pki", type=Path, required=True, metavar="DIR", help="with server.pem and server-key.pem")
    parser.add_argument("--port", type=int, default=0)
    place = "HOST=ACCOUNT/BUCKET[/PREFIX][,DISTRIBUTION]"
    parser.add_argument("--front", type=Front.parse, action="append", default=[], metavar=place)
    parser.add_argument("--account", action="append", default=[], help="12 digits; all its distributions are fronts")
    parser.add_argument("--error-seconds", type=float, default=10, help="how long an error is cached")
    parser.add_argument("--delay", type=float, default=0, metavar="SECONDS", help="how long an invalidation takes")
    options = parser.parse_args()
    fronts = Fronts(options.moto, options.account, dict(options.front))
    with Edge(options.moto, options.pki, fronts, options.error_seconds, options.port) as edge:
        edge.delay = options.delay
        print(edge.address, flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            edge.serve_forever()


if __name__ == "__main__":
    sys.exit(main())
