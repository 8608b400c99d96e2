"""A fake API server with the parts that Helm needs to install and upgrade a release. It stores objects and records every
changing request. Jobs are run immediately by a given function."""

import contextlib
import json
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import yaml

Object = dict[str, Any]
Reply = Object | list[Object] | str

RESOURCES: dict[str, list[tuple[str, str, bool]]] = {
    "v1": [
        ("configmaps", "ConfigMap", True), ("secrets", "Secret", True), ("services", "Service", True),
        ("serviceaccounts", "ServiceAccount", True), ("pods", "Pod", True), ("namespaces", "Namespace", False),
    ],
    "apps/v1": [("deployments", "Deployment", True)],
    "batch/v1": [("jobs", "Job", True)],
    "policy/v1": [("poddisruptionbudgets", "PodDisruptionBudget", True)],
    "rbac.authorization.k8s.io/v1": [
        ("roles", "Role", True), ("rolebindings", "RoleBinding", True), ("clusterroles", "ClusterRole", False),
        ("clusterrolebindings", "ClusterRoleBinding", False),
    ],
    "coordination.k8s.io/v1": [("leases", "Lease", True)],
    "admissionregistration.k8s.io/v1": [("mutatingwebhookconfigurations", "MutatingWebhookConfiguration", False)],
}  # fmt: skip
KINDS = {(version, resource): kind for version, known in RESOURCES.items() for resource, kind, _ in known}
PATH = re.compile(
    r"^/(?:api|apis)/(?P<version>v1|[a-z0-9.]+/v1)(?:/namespaces/(?P<namespace>[^/]+))?/(?P<resource>[a-z]+)"
    r"(?:/(?P<name>[^/]+)(?:/(?P<part>[a-z]+))?)?$"
)


@dataclass(frozen=True)
class Change:
    """A changing request."""

    method: str
    resource: str
    name: str
    content_type: str
    body: Object | None


@dataclass
class Cluster:
    """Listens on loopback while the context is entered."""

    run_job: Callable[["Cluster", Object], tuple[bool, str]]
    """Whether the Job succeeds, and its log."""
    objects: dict[tuple[str, str, str], Object] = field(default_factory=dict)
    """By resource, namespace (empty for cluster-scoped objects) and name."""
    changes: list[Change] = field(default_factory=list)
    logs: dict[str, str] = field(default_factory=dict)
    version: int = 0
    lock: threading.RLock = field(default_factory=threading.RLock)

    def __enter__(self) -> "Cluster":
        cluster = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(length)
                status, reply = cluster.answer(self.command, self.path, self.headers.get("Content-Type", ""), body)
                # A list has the events of a watch.
                lines = reply if isinstance(reply, list) else [reply]
                data = "".join(line if isinstance(line, str) else json.dumps(line) + "\n" for line in lines).encode()
                self.send_response(status)
                self.send_header("Content-Type", "text/plain" if isinstance(reply, str) else "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                with contextlib.suppress(ConnectionError):
                    self.wfile.write(data)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_: Any) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    @property
    def kubeconfig(self) -> str:
        context = {"name": "it", "context": {"cluster": "it", "user": "it"}}
        server = {"server": f"http://127.0.0.1:{self.server.server_address[1]}"}
        return yaml.safe_dump({
            "apiVersion": "v1", "kind": "Config", "current-context": "it", "contexts": [context],
            "clusters": [{"name": "it", "cluster": server}], "users": [{"name": "it", "user": {}}],
        })  # fmt: skip

    def get(self, resource: str, name: str, namespace: str = "") -> Object | None:
        with self.lock:
            return self.objects.get((resource, namespace, name))

    # The methods below handle requests.

    def answer(self, method: str, target: str, content_type: str, body: bytes) -> tuple[int, Reply]:
        url = urlsplit(target)
        if method == "GET" and (found := self.discovery(url.path)):
            return 200, found
        match = PATH.match(url.path)
        if not match or (match["version"], match["resource"]) not in KINDS:
            return failure(404, "NotFound", f"{url.path} not found")
        # JSON is YAML too.
        given = yaml.safe_load(body) if body else None
        resource, namespace, name = match["resource"], match["namespace"] or "", match["name"]
        with self.lock:
            if match["part"] == "log":
                return 200, self.logs.get(name, "")
            if method == "GET":
                if name:
                    found = self.objects.get((resource, namespace, name))
                    return (200, found) if found else failure(404, "NotFound", f'{resource} "{name}" not found')
                query = parse_qs(url.query)
                if "sendInitialEvents" in query:
                    return failure(
                        422, "Invalid", "sendInitialEvents is forbidden: lists and watches are two requests here"
                    )
                return 200, self.list(match["version"], resource, namespace, query)
            name = name or given["metadata"]["name"]
            self.changes.append(Change(method, resource, name, content_type, given))
            return self.change(method, match["version"], (resource, namespace, name), given)

    def change(self, method: str, version: str, key: tuple[str, str, str], given: Object | None) -> tuple[int, Reply]:
        known = self.objects.get(key)
        if method == "DELETE":
            if not known:
                return failure(404, "NotFound", f'{key[0]} "{key[2]}" not found')
            del self.objects[key]
            return 200, {"kind": "Status", "apiVersion": "v1", "status": "Success"}
        if method == "POST" and known:
            return failure(409, "AlreadyExists", f'{key[0]} "{key[2]}" already exists')
        assert given is not None
        made = merged(known, given) if method == "PATCH" and known else given
        self.version += 1
        made["apiVersion"], made["kind"] = version, KINDS[version, key[0]]
        metadata = made["metadata"]
        metadata.setdefault("uid", f"uid-{self.version}")
        metadata.setdefault("creationTimestamp", "2024-01-01T00:00:00Z")
        metadata["resourceVersion"] = str(self.version)
        if key[1]:
            metadata["namespace"] = key[1]
        self.objects[key] = made
        if key[0] == "jobs" and "status" not in made:
            self.end_job(made)
        return (200 if known else 201), made

    def end_job(self, job: Object) -> None:
        succeeded, log = self.run_job(self, job)
        name, namespace = job["metadata"]["name"], job["metadata"]["namespace"]
        kinds = ["Complete", "SuccessCriteriaMet"] if succeeded else ["Failed", "FailureTarget"]
        job["status"] = {
            "succeeded" if succeeded else "failed": 1,
            "conditions": [
                {"type": kind, "status": "True", "reason": "Ended", "message": "it ended"} for kind in kinds
            ],
        }
        self.logs[f"{name}-pod"] = log
        labels = {"job-name": name, "batch.kubernetes.io/job-name": name}
        self.objects["pods", namespace, f"{name}-pod"] = {
            "apiVersion": "v1", "kind": "Pod", "spec": job["spec"]["template"]["spec"],
            "metadata": {"name": f"{name}-pod", "namespace": namespace, "labels": labels, "resourceVersion": "1"},
            "status": {"phase": "Succeeded" if succeeded else "Failed"},
        }  # fmt: skip

    def list(self, version: str, resource: str, namespace: str, query: dict[str, list[str]]) -> Reply:
        items = [one for key, one in self.objects.items() if key[0] == resource and namespace in ("", key[1])]
        for selector in query.get("fieldSelector", []):
            wanted = dict(part.split("=", 1) for part in selector.replace("==", "=").split(","))
            items = [
                one for one in items if wanted.get("metadata.name", one["metadata"]["name"]) == one["metadata"]["name"]
            ]
        for selector in query.get("labelSelector", []):
            for part in selector.split(","):
                key, _, value = part.replace("==", "=").partition("=")
                items = [one for one in items if (one["metadata"].get("labels") or {}).get(key) == value]
        if "watch" in query:
            # No events follow a list, since a Job ends before the response to its creation.
            return []
        kind = KINDS[version, resource]
        return {
            "apiVersion": version, "kind": f"{kind}List", "items": items,
            "metadata": {"resourceVersion": str(self.version)},
        }  # fmt: skip

    def discovery(self, path: str) -> Object | None:
        groups = [version for version in RESOURCES if "/" in version]
        if path == "/version":
            return {"major": "1", "minor": "34", "gitVersion": "v1.34.0"}
        if path == "/api":
            return {"kind": "APIVersions", "versions": ["v1"]}
        if path == "/apis":
            return {"kind": "APIGroupList", "apiVersion": "v1", "groups": [
                {"name": version.split("/")[0], "versions": [{"groupVersion": version, "version": "v1"}],
                 "preferredVersion": {"groupVersion": version, "version": "v1"}} for version in groups]}  # fmt: skip
        if path == "/openapi/v3":
            folders = [f"{'apis' if '/' in version else 'api'}/{version}" for version in RESOURCES]
            return {"paths": {folder: {"serverRelativeURL": f"/openapi/v3/{folder}"} for folder in folders}}
        for version, known in RESOURCES.items():
            folder = f"/{'apis' if '/' in version else 'api'}/{version}"
            if path == f"/openapi/v3{folder}":
                # The server validates fields, so Helm does not.
                return {"openapi": "3.0.0", "info": {"title": "it", "version": "v1"}, "paths": {
                    f"{folder}/{name}/{{name}}": {"patch": {
                        "parameters": [{"name": "fieldValidation", "in": "query", "schema": {"type": "string"}}],
                        "responses": {},
                        "x-kubernetes-group-version-kind": {
                            "group": version.rpartition("/")[0], "version": "v1", "kind": kind}}}
                    for name, kind, _ in known}}  # fmt: skip
            if path == folder:
                verbs = ["create", "delete", "get", "list", "patch", "update", "watch"]
                return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": version, "resources": [
                    {"name": name, "singularName": kind.lower(), "namespaced": namespaced, "kind": kind, "verbs": verbs}
                    for name, kind, namespaced in known]}  # fmt: skip
        return None


def failure(code: int, reason: str, message: str) -> tuple[int, Object]:
    return code, {
        "kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "reason": reason, "message": message,
    }  # fmt: skip


def merged(known: Any, given: Any) -> Any:
    """The common part of server-side apply and merge patches: fields of other owners stay, and lists whose elements have
    names are merged by name. Unlike server-side apply, earlier fields of the applier stay too."""
    if isinstance(known, dict) and isinstance(given, dict):
        result = dict(known)
        for key, value in given.items():
            if value is None:
                result.pop(key, None)
            else:
                result[key] = merged(known.get(key), value)
        return result
    if (
        isinstance(known, list)
        and isinstance(given, list)
        and all(isinstance(x, dict) and "name" in x for x in known + given)
    ):
        by_name = {one["name"]: one for one in known}
        return [merged(by_name.get(one["name"]), one) for one in given]
    return given
