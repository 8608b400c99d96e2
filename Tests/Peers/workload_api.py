"""An API server that knows one Pod, as far as `doctor` and `token` read it: no Secret, no watch, no gateway in it."""

import argparse
import json
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import cluster_identity
import secret_scan
from gateway_program import OWN_AUDIENCE
from loopback_server import LoopbackServer

TOKEN = "token-of-the-person-who-runs-doctor"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: "WorkloadAPI"

    def respond(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        self.server.paths.append(self.path)
        status, answer = self.server.answer(self.command, self.path.split("?")[0], json.loads(body) if body else {})
        content = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = respond

    def log_message(self, *_: Any) -> None:
        pass


class WorkloadAPI(LoopbackServer):
    """Serves https on any port."""

    def __init__(self, pki: Path, identity: Path, folder: Path) -> None:
        super().__init__(Handler, pki)
        self.identity = identity
        self.paths: list[str] = []
        self.labels: dict[str, str] = {"tremolo.io/aws-role": "true"}
        self.annotations: dict[str, str] = {}
        self.kubeconfig = folder / "kubeconfig"
        secret_scan.RUN.secret(TOKEN, "the bearer token of the kubeconfig")
        self.kubeconfig.write_text(json.dumps({
            "current-context": "c", "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
            "clusters": [{"name": "c", "cluster": {
                "server": self.url, "certificate-authority": str(pki / "ca.pem"),
            }}],
            "users": [{"name": "u", "user": {"token": TOKEN}}],
        }))  # fmt: skip

    def answer(self, method: str, path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        if path == "/version":
            return 200, {"major": "1", "minor": "33", "gitVersion": "v1.33.0"}
        if path.endswith("subjectaccessreviews"):
            return 201, {**body, "status": {"allowed": True}}
        if path == "/api/v1/namespaces/default/pods/web-0":
            return 200, {
                "metadata": {
                    **cluster_identity.reference("pod", "web-0", "default"), "namespace": "default",
                    "labels": self.labels, "annotations": self.annotations,
                },
                "spec": {"serviceAccountName": "web", "nodeName": "node-1", "containers": [{"name": "main"}]},
                "status": {"phase": "Running"},
            }  # fmt: skip
        if path == "/api/v1/namespaces/default/serviceaccounts/web":
            return 200, {"metadata": cluster_identity.reference("serviceaccount", "web", "default")}
        if path == "/api/v1/namespaces/default/serviceaccounts/web/token" and method == "POST":
            options = argparse.Namespace(
                namespace="default", serviceaccount="web", pod="web-0", node="node-1", audience=[OWN_AUDIENCE],
                ttl=600, not_before=0,
            )  # fmt: skip
            return 201, {**body, "status": {"token": cluster_identity.token(self.identity, options)}}
        return 404, {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "NotFound", "code": 404}
