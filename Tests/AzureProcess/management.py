"""A stand-in of Azure Resource Manager: storage accounts, containers, managed identities with federated credentials, and
role assignments.

It checks what the service checks: versions, names, the location, the order of resources, public access, GUIDs, and that the
principal of an assignment exists.
"""

import json
import re
import urllib.parse
import uuid
from dataclasses import dataclass, field
from typing import Any

SUBSCRIPTION = "11111111-0000-4000-8000-000000000001"
GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/sts"
CONTRIBUTOR = "ba92f5b4-2d11-453d-a403-e96b0029c9fe"
"""Storage Blob Data Contributor."""
VERSIONS = {
    "storageAccounts": "2023-05-01", "userAssignedIdentities": "2024-11-30", "roleAssignments": "2022-04-01",
}  # fmt: skip
Answer = tuple[int, dict[str, Any]]


def failed(status: int, code: str) -> Answer:
    return status, {"error": {"code": code, "message": "a reason"}}


@dataclass
class Management:
    tenant: str
    client: str
    """The client id that a new identity gets."""
    resources: dict[str, dict[str, Any]] = field(default_factory=dict)
    """By path."""

    def answer(self, method: str, target: str, body: bytes) -> Answer:
        parts = urllib.parse.urlsplit(target)
        path, query = parts.path, dict(urllib.parse.parse_qsl(parts.query))
        kind = next((one for one in reversed(VERSIONS) if f"/{one}" in path), None)
        if "api-version" not in query or (kind and query["api-version"] != VERSIONS[kind]):
            return failed(400, "NoRegisteredProviderFound")
        if path == f"/subscriptions/{SUBSCRIPTION}":
            return 200, {"displayName": "Trial", "tenantId": self.tenant}
        if path == GROUP:
            return 200, {"location": "westeurope"}
        if method == "GET":
            return self.read(path, query)
        if method == "DELETE":
            if path not in self.resources:
                return 204, {}
            self.resources = {one: value for one, value in self.resources.items() if not f"{one}/".startswith(f"{path}/")}
            return 200, {}
        return self.write(method, path, json.loads(body))

    def read(self, path: str, query: dict[str, str]) -> Answer:
        if path in self.resources:
            return 200, self.resources[path]
        folder, name = path.rsplit("/", 1)
        lists = ["federatedIdentityCredentials", "containers", "shares", "queues", "tables", "roleAssignments"]
        scope = folder.removesuffix("/providers/Microsoft.Authorization")
        owner = re.sub(r"/\w+Services/default$", "", scope)
        if name not in lists or owner not in self.resources:
            return failed(404, "ResourceNotFound")
        found = [value for one, value in self.resources.items() if one.rsplit("/", 1)[0] == path]
        if name == "roleAssignments":
            principal = query["$filter"].split("'")[1]
            found = [one for one in found if one["properties"]["principalId"] == principal]
        return 200, {"value": found}

    def write(self, method: str, path: str, body: dict[str, Any]) -> Answer:
        folder, name = path.rsplit("/", 1)
        kind = folder.rsplit("/", 1)[1]
        properties = body.get("properties", {})
        if method == "PATCH" and path not in self.resources:
            return failed(404, "ResourceNotFound")
        match kind:
            case "storageAccounts":
                if not re.fullmatch("[a-z0-9]{3,24}", name) or body.get("location") != "westeurope" or "sku" not in body:
                    return failed(400, "AccountPropertyIsInvalid")
            case "containers":
                account = self.resources.get(folder.removesuffix("/blobServices/default/containers"))
                if account is None:
                    return failed(404, "ResourceNotFound")
                if properties.get("publicAccess") == "Blob" and not account["properties"]["allowBlobPublicAccess"]:
                    return failed(409, "PublicAccessNotPermitted")
            case "userAssignedIdentities":
                if body.get("location") != "westeurope":
                    return failed(400, "LocationRequired")
                properties = {"clientId": self.client, "principalId": str(uuid.uuid4())}
            case "federatedIdentityCredentials":
                if folder.rsplit("/", 1)[0] not in self.resources or len(properties["audiences"]) != 1:
                    return failed(400, "BadRequest")
            case "roleAssignments":
                scope = folder.removesuffix("/providers/Microsoft.Authorization/roleAssignments")
                known = [one.get("properties", {}).get("principalId") for one in self.resources.values()]
                if scope not in self.resources or str(uuid.UUID(name)) != name:
                    return failed(400, "BadRequestFormat")
                if properties["principalId"] not in known:
                    return failed(400, "PrincipalNotFound")
                properties = {**properties, "scope": scope}
            case _:
                return failed(404, "InvalidResourceType")
        stored = self.resources.get(path, {}) if method == "PATCH" else {}
        properties = {**stored.get("properties", {}), **properties}
        self.resources[path] = {**stored, **body, "name": name, "properties": properties}
        return 201, self.resources[path]

    def trusts(self, claims: dict[str, Any]) -> bool:
        """Whether a federated credential has issuer, subject and audience of an assertion."""
        wanted = {"issuer": claims["iss"], "subject": claims["sub"], "audiences": [claims["aud"]]}
        return any(
            "/federatedIdentityCredentials/" in path and one["properties"] == wanted
            for path, one in self.resources.items()
        )

    def may_write(self, container: str) -> bool:
        """Whether an identity has the role for the container."""
        return any(
            f"/containers/{container}/" in path and one["properties"]["roleDefinitionId"].endswith(CONTRIBUTOR)
            for path, one in self.resources.items()
            if "/roleAssignments/" in path
        )
