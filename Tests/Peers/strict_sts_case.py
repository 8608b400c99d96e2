"""The base of the tests of the strict STS: a moto server, a TLS issuer, and a strict STS."""

import http.client
import json
import logging
import math
import os
import re
import ssl
import tempfile
import threading
import time
import unittest
import unittest.mock
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from joserfc import jwk, jws
from moto.server import ThreadedMotoServer

import aws_accounts
import pki
from issuer_documents import IssuerDocuments
from moto_account import account_client
from strict_sts import StrictSTS
from waiting import DEADLINE

HOST, OTHER_HOST = "issuer.example", "other.example"
ACCOUNT, OTHER_ACCOUNT = "111111111111", "222222222222"
AUDIENCE, SUBJECT = "sts.amazonaws.com", "demo:default:web"
XML = "{https://sts.amazonaws.com/doc/2011-06-15/}"


class Issuer(ThreadingHTTPServer):
    """Serves `documents` by (host, path): an object as JSON, bytes unchanged, or a status and a body."""

    daemon_threads = True

    def __init__(self, pki_directory: Path) -> None:
        super().__init__(("127.0.0.1", 0), _IssuerHandler)
        self.documents: dict[tuple[str, str], Any] = {}
        self.reads = 0
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pki_directory / "server.pem", pki_directory / "server-key.pem")
        self.socket = context.wrap_socket(self.socket, server_side=True)

    def publish(self, host: str, path: str, keys: list[jwk.Key], **discovery: Any) -> str:
        """Adds the two documents of an issuer and returns the issuer; `discovery` overrides members."""
        issuer = f"https://{host}{path}"
        self.documents[host, f"{path}/.well-known/openid-configuration"] = {
            "issuer": issuer,
            "jwks_uri": f"{issuer}/certs",
            "response_types_supported": ["id_token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256", "ES256"],
            **discovery,
        }
        public = [{**key.as_dict(private=False), "kid": key.thumbprint(), "use": "sig"} for key in keys]
        self.documents[host, f"{path}/certs"] = {"keys": public}
        return issuer


class _IssuerHandler(BaseHTTPRequestHandler):
    server: Issuer

    def do_GET(self) -> None:
        self.server.reads += 1
        document = self.server.documents.get((self.headers["Host"], self.path), (404, b""))
        status, body = document if isinstance(document, tuple) else (200, document)
        self.send_response(status)
        if 300 <= status < 400:
            self.send_header("Location", body)
            body = b""
        self.end_headers()
        self.wfile.write(body if isinstance(body, bytes) else json.dumps(body).encode())

    def log_message(self, *_: Any) -> None:
        pass


class StrictSTSCase(unittest.TestCase):
    """The servers are started once for a class; every test has its own issuer and role."""

    log: list[str] = []
    issuer: Issuer
    sts: StrictSTS
    moto: str
    key: jwk.RSAKey
    second_key: jwk.ECKey

    @classmethod
    def setUpClass(cls) -> None:
        ours = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        cls.enterClassContext(unittest.mock.patch.dict(os.environ, ours, clear=True))  # moto reads AWS_… itself
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        directory = Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        pki.write(directory, [HOST])
        cls.issuer = Issuer(directory)
        moto = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        moto.start()
        cls.addClassCleanup(moto.stop)
        cls.moto = "http://{}:{}".format(*moto.get_host_and_port())
        address = ("127.0.0.1", cls.issuer.server_port)
        connect_to = {HOST: address, OTHER_HOST: address}
        documents = IssuerDocuments(str(directory / "ca.pem"), connect_to, cache_seconds=math.inf)
        cls.sts = StrictSTS(("127.0.0.1", 0), cls.moto, documents)
        for server in (cls.issuer, cls.sts):
            threading.Thread(target=server.serve_forever, daemon=True).start()
            cls.addClassCleanup(server.server_close)
            cls.addClassCleanup(server.shutdown)
        cls.enterClassContext(unittest.mock.patch("strict_sts.log", side_effect=lambda line: cls.log.append(line)))
        cls.key, cls.second_key = jwk.RSAKey.generate_key(2048), jwk.ECKey.generate_key("P-256")

    def setUp(self) -> None:
        name = self._testMethodName.removeprefix("test_").replace("_", "-")[:60]
        self.role, self.path = name, f"/{name}"
        self.url = self.issuer.publish(HOST, self.path, [self.key, self.second_key])
        self.arn = self.set_up_account(ACCOUNT, HOST + self.path)

    def set_up_account(self, account: str, issuer: str) -> str:
        return aws_accounts.set_up(self.moto, account, issuer, [AUDIENCE, "second"], SUBJECT, self.role)

    def token(self, key: Any = None, header: dict[str, Any] | None = None, **claims: Any) -> str:
        """A valid token with the given changes; a claim or header member of None is omitted."""
        key, now = key or self.key, int(time.time())
        algorithm = "RS256" if key.key_type == "RSA" else "ES256"
        payload = {"iss": self.url, "aud": AUDIENCE, "sub": SUBJECT, "exp": now + 900, "nbf": now, "iat": now, **claims}
        members = {"alg": algorithm, "typ": "JWT", "kid": key.thumbprint(), **(header or {})}
        body = json.dumps({name: value for name, value in payload.items() if value is not None})
        members = {name: value for name, value in members.items() if value is not None}
        return jws.serialize_compact(members, body, key, algorithms=[members["alg"]])

    def request(self, token: str, **parameters: Any) -> tuple[int, str, str]:
        """The status, error code and text of the response to one POST."""
        form = {"Action": "AssumeRoleWithWebIdentity", "Version": "2011-06-15", "RoleArn": self.arn,
                "RoleSessionName": "test", "WebIdentityToken": token, **parameters}  # fmt: skip
        form = {name: value for name, value in form.items() if value is not None}
        status, body = self.send("POST", "/", urllib.parse.urlencode(form))
        code = ElementTree.fromstring(body).findtext(f"{XML}Error/{XML}Code", "") if status != 200 else ""
        secret = token.rpartition(".")[2]
        shown = len(secret) > 20 and any(secret in text for text in [body, *self.log])
        self.assertFalse(shown, "the token must not show")
        return status, code, body

    def send(self, method: str, path: str, body: str | None = None) -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.sts.server_port, timeout=DEADLINE)
        connection.request(method, path, body, {"Content-Type": "application/x-www-form-urlencoded"} if body else {})
        answer = connection.getresponse()
        result = answer.status, answer.read().decode()
        connection.close()
        return result

    def assert_refused(self, code: str, reason: str, token: str, **parameters: Any) -> None:
        """Expects `code` in the response, and `reason` in the log."""
        self.log.clear()
        status = 403 if code == "AccessDenied" else 400
        self.assertEqual((status, code), self.request(token, **parameters)[:2])
        self.assertRegex(self.log[-1], f"^refused {code}: .*{re.escape(reason)}")

    def statement(self) -> dict[str, Any]:
        """The only statement of the role's trust policy."""
        role = account_client(self.moto, ACCOUNT, "iam").get_role(RoleName=self.role)["Role"]
        return role["AssumeRolePolicyDocument"]["Statement"][0]

    def put_statements(self, *statements: dict[str, Any]) -> None:
        policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
        account_client(self.moto, ACCOUNT, "iam").update_assume_role_policy(RoleName=self.role, PolicyDocument=policy)

    def trust(self, **changes: Any) -> None:
        """Replaces members of the trust policy's statement."""
        self.put_statements({**self.statement(), **changes})

    def add_condition(self, operator: str, claim: str, wanted: Any) -> None:
        condition = self.statement()["Condition"]
        condition.setdefault(operator, {})[f"{HOST}{self.path}:{claim}"] = wanted
        self.trust(Condition=condition)

    def deny(self, condition: dict[str, Any]) -> None:
        """Adds a Deny statement with this condition to the Allow statement."""
        allow = self.statement()
        self.put_statements(allow, {**allow, "Effect": "Deny", "Condition": condition})
