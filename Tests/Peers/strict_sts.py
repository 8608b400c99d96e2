#!/usr/bin/env python3
"""A strict STS in front of moto's: it checks AssumeRoleWithWebIdentity as AWS does, and forwards other requests to moto.

Moto returns credentials for any token. This server first does what AWS STS does: it finds the account's IAM OIDC
provider for the token's issuer, reads the issuer's two documents over TLS, verifies the token, and evaluates the role's
trust policy. An error is the error document of AWS; moto responds to an accepted request, so that the credentials
work there. The first line on stdout is the server's URL; stderr has one line per decision, never a token.

Sources: AWS STS API Reference, "AssumeRoleWithWebIdentity" and "Common Parameters" (AWS Query protocol: POST form, or
GET with a query).

    strict_sts.py --moto http://127.0.0.1:5000 --ca-file ca.pem --connect-to issuer.example=127.0.0.1:8443
"""

import argparse
import contextlib
import http.client
import ipaddress
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import sts_error
from issuer_documents import Address, IssuerDocuments
from sts_error import STSError, validation_error
from waiting import DEADLINE
from web_identity_decision import AssumeRoleRequest, WebIdentityDecision
from web_identity_token import WebIdentityToken

MAXIMUM_BODY = 16 * 1024 * 1024
HOP_BY_HOP = {"connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade", "expect"}


class Handler(BaseHTTPRequestHandler):
    """Handles web identity requests, and forwards all others to moto."""

    protocol_version = "HTTP/1.1"
    server: "StrictSTS"

    def handle_request(self) -> None:
        length = self.headers.get("Content-Length", "0")
        if "Transfer-Encoding" in self.headers or not length.isdigit() or int(length) > MAXIMUM_BODY:
            self.close_connection = True
            return self._send(STSError("RequestEntityTooLarge", "The request's body has no usable length", 413))
        body = self.rfile.read(int(length))
        try:
            parameters = self._parameters(body)
            if parameters is None or parameters.get("Action") != "AssumeRoleWithWebIdentity":
                return self._forward(self.command, self.path, body, dict(self.headers.items()))
            self._assume_role_with_web_identity(parameters)
        except STSError as error:
            self._send(error)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = handle_request

    def _parameters(self, body: bytes) -> dict[str, str] | None:
        """The parameters of a request of the AWS Query protocol; None if the request is of another kind."""
        url = urlsplit(self.path)
        is_form = self.headers.get_content_type() == "application/x-www-form-urlencoded" and self.command == "POST"
        if url.path not in ("", "/") or not (is_form or (self.command == "GET" and "Action=" in url.query)):
            return None
        pairs = parse_qsl(body.decode("utf-8", "replace") if is_form else url.query, keep_blank_values=True)
        if len({name for name, _ in pairs}) != len(pairs):
            raise validation_error("A parameter appears twice")
        if "Action" not in dict(pairs):
            raise sts_error.missing_action()
        return dict(pairs)

    def _assume_role_with_web_identity(self, parameters: dict[str, str]) -> None:
        about = "role ?"
        try:
            request = AssumeRoleRequest.parse(parameters)
            about = f"role {request.role_arn}"
            token = WebIdentityToken.parse(request.token)
            about += f" issuer {token.issuer[:255]!r} subject {token.subject!r}"
            self.server.decision.decide(request, token)
        except STSError as error:
            log(f"refused {error.code}: {about}: {error.detail}")
            raise
        log(f"allowed: {about}")
        form = {"Content-Type": "application/x-www-form-urlencoded", "Host": self.headers.get("Host", "localhost")}
        self._forward("POST", "/", urlencode(parameters).encode(), form)

    def _forward(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> None:
        connection = http.client.HTTPConnection(self.server.moto_netloc, timeout=DEADLINE)
        kept = {name: value for name, value in headers.items() if name.lower() not in HOP_BY_HOP}
        try:
            connection.request(method, path, body or None, {**kept, "Connection": "close"})
            answer = connection.getresponse()
            content = answer.read()
        except (OSError, http.client.HTTPException) as error:
            raise STSError("ServiceUnavailable", "moto cannot be reached", 503, str(error)) from None
        finally:
            connection.close()
        self.send_response_only(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in HOP_BY_HOP and (name.lower() != "content-length" or method == "HEAD"):
                self.send_header(name, value)
        if method != "HEAD":
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _send(self, error: STSError) -> None:
        document = error.document()
        self.send_response_only(error.status)
        self.send_header("Content-Type", "text/xml")
        self.send_header("Content-Length", str(len(document)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(document)

    def log_message(self, format: str, *arguments: Any) -> None:
        """Logs nothing, since a request line can contain a token."""


class StrictSTS(ThreadingHTTPServer):
    """The server. `decision` decides about web identities; other requests go to `moto_netloc`."""

    daemon_threads = True

    def __init__(self, listen: Address, moto: str, issuers: IssuerDocuments) -> None:
        super().__init__(listen, Handler)
        self.moto_netloc = urlsplit(moto).netloc
        self.decision = WebIdentityDecision(moto, issuers)

    @property
    def url(self) -> str:
        return "http://{}:{}".format(*self.server_address[:2])


def log(line: str) -> None:
    """One line of the server's log."""
    print(f"strict-sts: {line}", file=sys.stderr, flush=True)


def _address(text: str) -> Address:
    host, _, port = text.rpartition(":")
    if not port.isdigit() or not ipaddress.ip_address(host).is_loopback:
        raise ValueError
    return host, int(port)


def _connect_to(text: str) -> tuple[str, Address]:
    host, _, address = text.partition("=")
    return host.lower(), _address(address)


def main() -> None:
    parser = argparse.ArgumentParser(description="A strict AWS STS in front of moto, on loopback.")
    parser.add_argument("--listen", type=_address, default=("127.0.0.1", 0), metavar="127.0.0.1:PORT")
    parser.add_argument("--moto", required=True, metavar="URL")
    parser.add_argument("--ca-file", metavar="FILE", help="trust only these CA certificates for issuers")
    parser.add_argument("--connect-to", type=_connect_to, action="append", default=[], metavar="HOST=127.0.0.1:PORT")
    parser.add_argument("--cache-seconds", type=float, default=60, help="how long an issuer's documents are cached")
    options = parser.parse_args()
    issuers = IssuerDocuments(options.ca_file, dict(options.connect_to), options.cache_seconds)
    with StrictSTS(options.listen, options.moto, issuers) as server, contextlib.suppress(KeyboardInterrupt):
        print(server.url, flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()
