"""A fake API server that serves its key set and authenticates every token.

    fake_api.py CLUSTER-FOLDER PKI-FOLDER      prints its port
"""

import base64
import json
import ssl
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

cluster, pki = Path(sys.argv[1]), Path(sys.argv[2])
key_set = (cluster / "jwks.json").read_bytes()


class API(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_: object) -> None:
        pass

    def answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        self.answer(200, key_set) if self.path == "/openid/v1/jwks" else self.answer(404, b"{}")

    def do_POST(self) -> None:
        review = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        payload = review["spec"]["token"].split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        bound = claims["kubernetes.io"]
        review["status"] = {
            "authenticated": True,
            "audiences": review["spec"].get("audiences", claims["aud"]),
            "user": {
                "username": claims["sub"],
                "uid": bound["serviceaccount"]["uid"],
                "groups": ["system:serviceaccounts", f"system:serviceaccounts:{bound['namespace']}"],
                "extra": {
                    "authentication.kubernetes.io/pod-name": [bound["pod"]["name"]],
                    "authentication.kubernetes.io/pod-uid": [bound["pod"]["uid"]],
                },
            },
        }
        self.answer(201, json.dumps(review).encode())


server = ThreadingHTTPServer(("127.0.0.1", 0), API)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(pki / "server.pem", pki / "server-key.pem")
server.socket = context.wrap_socket(server.socket, server_side=True)
print(server.server_address[1], flush=True)
server.serve_forever()
