"""A fake API server for Helm and for running gateways at the same time: it streams watches, rejects writes of an old
version, and admits Pods through the webhooks that it stores, over TLS with their `caBundle`."""

import base64
import contextlib
import copy
import http.client
import json
import random
import socket
import ssl
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jsonpatch
import yaml
from waiting import DEADLINE

from .cluster import PATH, Cluster, Object, Reply, failure

JSON_PATCH = "application/json-patch+json"
REGISTRATION = "mutatingwebhookconfigurations"


@dataclass(frozen=True)
class Admitted:
    """The end of a request that creates a Pod."""

    pod: Object
    denial: str | None = None
    called: int = 0
    """The number of calls of webhooks."""


@dataclass
class LiveCluster(Cluster):
    pki: Path = field(kw_only=True)
    """The folder of the API server's certificate."""
    events: list[tuple[int, str, tuple[str, str, str], Object]] = field(default_factory=list)
    backends: dict[str, list[int]] = field(default_factory=dict)
    """The ports of the ready Pods, by the name of their Service."""

    def __enter__(self) -> "LiveCluster":
        super().__enter__()
        self.changed = threading.Condition(self.lock)
        self.given = threading.local()
        cluster = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                url = urlsplit(self.path)
                query, match = parse_qs(url.query), PATH.match(url.path)
                if self.command == "GET" and match and "watch" in query:
                    return self.stream(match["resource"], match["namespace"] or "", query)
                status, reply = cluster.answer(self.command, self.path, self.headers.get("Content-Type", ""), body)
                data = (reply if isinstance(reply, str) else json.dumps(reply)).encode()
                self.send_response(status)
                self.send_header("Content-Type", "text/plain" if isinstance(reply, str) else "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)
                return None

            def stream(self, resource: str, namespace: str, query: dict[str, list[str]]) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()
                end = time.monotonic() + int(query.get("timeoutSeconds", ["8"])[0])
                for line in cluster.watch(resource, namespace, query, end):
                    self.wfile.write(f"{len(line):x}\r\n".encode() + line + b"\r\n")
                self.wfile.write(b"0\r\n\r\n")

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer

            def handle(self) -> None:
                with contextlib.suppress(OSError):
                    super().handle()

            def log_message(self, *_: Any) -> None:
                pass

        self.secured = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.secured.daemon_threads = True
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.pki / "server.pem", self.pki / "server-key.pem")
        # The handshake is of the connection's own thread.
        self.secured.socket = context.wrap_socket(
            self.secured.socket, server_side=True, do_handshake_on_connect=False
        )
        threading.Thread(target=self.secured.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: Any) -> None:
        self.secured.shutdown()
        self.secured.server_close()
        super().__exit__()

    @property
    def secured_kubeconfig(self) -> str:
        given = yaml.safe_load(self.kubeconfig)
        given["clusters"][0]["cluster"] = {
            "server": f"https://127.0.0.1:{self.secured.server_address[1]}",
            "certificate-authority": str(self.pki / "ca.pem"),
        }
        given["users"][0]["user"] = {"token": "it"}
        return yaml.safe_dump(given)

    def answer(self, method: str, target: str, content_type: str, body: bytes) -> tuple[int, Reply]:
        if urlsplit(target).path in ("/readyz", "/livez"):
            return 200, "ok"
        self.given.content_type = content_type
        return super().answer(method, target, content_type, body)

    def change(self, method: str, version: str, key: tuple[str, str, str], given: Any) -> tuple[int, Reply]:
        known = self.objects.get(key)
        if method == "PUT":
            wanted = given["metadata"].get("resourceVersion")
            if known is None:
                return failure(404, "NotFound", f'{key[0]} "{key[2]}" not found')
            if wanted and wanted != known["metadata"]["resourceVersion"]:
                return failure(409, "Conflict", f'{key[0]} "{key[2]}" was changed')
            given["metadata"].setdefault("uid", known["metadata"]["uid"])
        if method == "PATCH" and self.given.content_type.startswith(JSON_PATCH):
            if known is None:
                return failure(404, "NotFound", f'{key[0]} "{key[2]}" not found')
            try:
                given = jsonpatch.apply_patch(known, given)
            except jsonpatch.JsonPatchException as error:
                return failure(422, "Invalid", str(error))
            method = "PUT"
        before = copy.deepcopy(known)
        status, reply = super().change(method, version, key, given)
        if status < 300:
            kind = "DELETED" if method == "DELETE" else "MODIFIED" if known else "ADDED"
            if kind == "DELETED":
                self.version += 1
            made = before if kind == "DELETED" else self.objects[key]
            self.events.append((self.version, kind, key, copy.deepcopy(made) or {}))
            self.changed.notify_all()
        return status, reply

    def watch(self, resource: str, namespace: str, query: dict[str, list[str]], end: float) -> Any:
        """The lines of a watch until its time ends."""
        version = int(query.get("resourceVersion", ["0"])[0] or 0)
        while True:
            with self.lock:
                found = [event for event in self.events if event[0] > version and event[2][0] == resource]
                if not found and (left := end - time.monotonic()) > 0:
                    self.changed.wait(left)
                    continue
            if not found:
                return
            for number, kind, key, made in found:
                version = number
                if namespace in ("", key[1]) and self.selects(query, made):
                    made["metadata"]["resourceVersion"] = str(number)
                    yield json.dumps({"type": kind, "object": made}).encode() + b"\n"

    @staticmethod
    def selects(query: dict[str, list[str]], made: Object) -> bool:
        labels = made["metadata"].get("labels") or {}
        for selector in query.get("labelSelector", []):
            for part in selector.split(","):
                name, is_equal, value = part.replace("==", "=").partition("=")
                if is_equal and labels.get(name) != value:
                    return False
        for selector in query.get("fieldSelector", []):
            for part in selector.split(","):
                name, _, value = part.replace("==", "=").partition("=")
                if name == "metadata.name" and made["metadata"]["name"] != value:
                    return False
        return True

    # Admission.

    def admit(self, pod: Object, namespace: str = "default") -> Admitted:
        """Calls the webhooks that select the Pod, in the order of their names, and those with `IfNeeded` again."""
        with self.lock:
            webhooks = [
                copy.deepcopy(one)
                for key in sorted(key for key in self.objects if key[0] == REGISTRATION)
                for one in self.objects[key]["webhooks"]
            ]
        called, made = 0, copy.deepcopy(pod)
        for turn in range(2):
            before = copy.deepcopy(made)
            for webhook in webhooks:
                is_selected = matches(webhook.get("objectSelector"), made["metadata"].get("labels") or {}) and matches(
                    webhook.get("namespaceSelector"), {"kubernetes.io/metadata.name": namespace}
                )
                if not is_selected or (turn and webhook.get("reinvocationPolicy") != "IfNeeded"):
                    continue
                called += 1
                try:
                    answer = self.call(webhook["clientConfig"], made, namespace)
                except (OSError, ValueError, http.client.HTTPException) as error:
                    if webhook.get("failurePolicy", "Fail") == "Fail":
                        return Admitted(made, f'failed calling webhook "{webhook["name"]}": {error}', called)
                    continue
                if not answer["allowed"]:
                    return Admitted(made, answer["status"]["message"], called)
                if answer.get("patch"):
                    made = jsonpatch.apply_patch(made, json.loads(base64.b64decode(answer["patch"])))
            if made == before:
                break
        return Admitted(made, None, called)

    def call(self, client: Object, pod: Object, namespace: str) -> Object:
        service = client["service"]
        if not client.get("caBundle"):
            raise ssl.SSLCertVerificationError("x509: certificate signed by unknown authority")
        ports = self.backends.get(service["name"], [])
        if not ports:
            raise ConnectionRefusedError("no endpoints available for service")
        context = ssl.create_default_context(cadata=base64.b64decode(client["caBundle"]).decode())
        request = {
            "uid": "705ab4f5", "kind": {"group": "", "version": "v1", "kind": "Pod"}, "namespace": namespace,
            "resource": {"group": "", "version": "v1", "resource": "pods"}, "operation": "CREATE", "object": pod,
        }  # fmt: skip
        review = {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request}
        with (
            socket.create_connection(("127.0.0.1", random.choice(ports)), timeout=DEADLINE) as plain,
            context.wrap_socket(plain, server_hostname=f"{service['name']}.{service['namespace']}.svc") as secured,
        ):
            connection = http.client.HTTPConnection("127.0.0.1")
            connection.sock = secured
            headers = {"Content-Type": "application/json", "Connection": "close"}
            connection.request("POST", service["path"], json.dumps(review), headers)
            response = connection.getresponse()
            body = response.read()
        if response.status != 200:
            raise ValueError(f"status {response.status}")
        return json.loads(body)["response"]


def matches(selector: Object | None, labels: dict[str, str]) -> bool:
    """A label selector of Kubernetes."""
    selector = selector or {}
    if any(labels.get(key) != value for key, value in (selector.get("matchLabels") or {}).items()):
        return False
    for one in selector.get("matchExpressions") or []:
        value, values = labels.get(one["key"]), one.get("values") or []
        holds = {
            "Exists": value is not None, "DoesNotExist": value is None, "In": value in values,
            "NotIn": value not in values,
        }[one["operator"]]  # fmt: skip
        if not holds:
            return False
    return True
