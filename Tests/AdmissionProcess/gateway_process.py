"""`sts-gateway` as a process that reviews Pods."""

import base64
import http.client
import json
import socket
import ssl
import threading
from pathlib import Path
from typing import Any

from gateway_program import OWN_AUDIENCE, REPOSITORY, GatewayProgram
from waiting import DEADLINE, until

PODS = REPOSITORY / "Tests/Fixtures/Pods"
SERVER = "https://sts-gateway.test.svc:8443"


class Gateway(GatewayProgram):
    """A gateway with two endpoints and the settings of Tests/Fixtures/Pods."""

    webhook_port: int = 0
    injection: dict[str, Any]

    def write(self) -> Path:
        self.endpoints = {
            name: {
                "name": name, "plugin": "oidc", "audience": "https://example.com", "path": path,
                "issuer": {"host": f"{name}.example.com"}, "token": {"algorithm": "ES256"},
                "azRules": [{"scope": "filter", "constraint": "(namespace=default)"}],
                "subjectToken": {"audiences": [OWN_AUDIENCE, "sts-gateway.test.svc"]},
                "injector": {
                    "label": f"{label}-role", "token_environment_variable_name": f"{label.upper()}_TOKEN_FILE",
                    "label_value_environment_variable_name": f"{label.upper()}_ROLE",
                },
            }
            for name, label, path in [("one", "example", "/one"), ("two", "two", "/deep/two")]
        }  # fmt: skip
        file = super().write()
        configuration = json.loads(file.read_text())
        configuration["injection"] = {
            "prefix": "tremolo.io", "gatewayURL": SERVER,
            "sidecar": {"image": "example.com/sts-sidecar:1", "mode": "native"}, **self.injection,
        }  # fmt: skip
        # Atomically, since the gateway follows the file.
        new = self.folder / f"gateway.yaml.{threading.get_ident()}"
        new.write_text(json.dumps(configuration, indent=2))
        return new.rename(file)

    def serve(self, with_credentials: bool = True) -> "Gateway":
        super().serve(with_credentials)

        def port() -> int | None:
            lines = [line for line in self.log if line["message"] == "listening" and line["listener"] == "webhook"]
            return lines[-1]["port"] if lines else None

        self.webhook_port = until(port, "the webhook's listener")
        return self

    def context(self) -> ssl.SSLContext:
        """Trusts the self-signed CA, since no configured certificate has the name of the webhook's Service."""
        return ssl.create_default_context(cafile=str(self.keys / "serving-ca.pem"))

    def post(
        self, body: bytes, endpoint: str = "one", context: ssl.SSLContext | None = None
    ) -> tuple[int, http.client.HTTPMessage, bytes]:
        """Sends a request to the webhook."""
        context = context or self.context()
        connection = http.client.HTTPSConnection("127.0.0.1", self.webhook_port, timeout=DEADLINE, context=context)
        path = f"/k8s/webhooks/v1/injector-{endpoint}"
        connection.request("POST", path, body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        found = answer.status, answer.headers, answer.read()
        connection.close()
        return found

    def review(self, pod: Any, endpoint: str = "one", **changes: Any) -> dict[str, Any]:
        """The response to a review of the Pod."""
        status, headers, body = self.post(review(pod, **changes), endpoint)
        assert status == 200 and headers["Content-Type"] == "application/json", body
        answer = json.loads(body)
        assert answer["kind"] == "AdmissionReview" and answer["response"]["uid"] == "705ab4f5"
        return answer["response"]

    def raw(self, data: bytes, alpn: list[str] | None = None) -> bytes:
        """Sends bytes over a connection to the webhook, and returns all received bytes."""
        context = self.context()
        if alpn:
            context.set_alpn_protocols(alpn)
        with (
            socket.create_connection(("127.0.0.1", self.webhook_port), timeout=DEADLINE) as plain,
            context.wrap_socket(plain, server_hostname="localhost") as secured,
        ):
            if alpn:
                assert secured.selected_alpn_protocol() == alpn[0]
            secured.sendall(data)
            received = b""
            while piece := secured.recv(65_536):
                received += piece
                if alpn:
                    break
            return received


def review(pod: Any, version: str = "v1", **changes: Any) -> bytes:
    """A review as the API server sends it; a change to None leaves a member of the request out."""
    request = {
        "uid": "705ab4f5", "kind": {"group": "", "version": "v1", "kind": "Pod"},
        "resource": {"group": "", "version": "v1", "resource": "pods"}, "namespace": "default", "operation": "CREATE",
        "object": pod, "oldObject": None, "dryRun": False, "options": {}, **changes,
    }  # fmt: skip
    members = {name: value for name, value in request.items() if value is not None or name == "oldObject"}
    return json.dumps(
        {"apiVersion": f"admission.k8s.io/{version}", "kind": "AdmissionReview", "request": members}
    ).encode()


def patch(response: dict[str, Any]) -> list[dict[str, Any]]:
    """The JSON Patch of the response; empty if there is none."""
    assert response["allowed"] is True, response
    if "patch" not in response:
        return []
    assert response["patchType"] == "JSONPatch"
    return json.loads(base64.b64decode(response["patch"], validate=True))
