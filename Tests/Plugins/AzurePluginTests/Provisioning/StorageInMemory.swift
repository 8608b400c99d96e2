import GatewayPluginAPI
import GatewayPluginTesting
import JSON

/// Storage accounts and role assignments of Azure Resource Manager, and the list of blobs, as far as provisioning calls
/// them. It checks what the services check: names, versions, the order of account and container, public access, and that
/// the principal of an assignment exists.
struct StorageInMemory: Equatable {
    /// By path.
    var accounts: [String: JSONValue] = [:]
    var containers: [String: JSONValue] = [:]
    var assignments: [String: JSONValue] = [:]
    /// The names of the blobs of all containers.
    var documents: [String] = []
    /// The shares, queues and tables of all accounts, by the last segment of their lists.
    var others: [String: [String]] = [:]
    /// The name of an account of somebody else in the world.
    var taken: String?
    var isUploadDenied = false
    /// The last `publish` block that was known.
    var publish: JSONValue?

    private static let role = "ba92f5b4-2d11-453d-a403-e96b0029c9fe"

    private static func error(_ code: String) -> String { #"{"error":{"code":"\#(code)","message":"a reason"}}"# }

    mutating func answer(
        _ request: HTTPTransportRequest, _ path: String, identities: [String]
    ) -> ScriptedTransport.Answer {
        let body = (try? JSONValue(parsing: request.body)) ?? .object([])
        if let range = path.firstRange(of: "/providers/Microsoft.Authorization/roleAssignments") {
            guard request.url.contains("api-version=2022-04-01") else { return .answer(400, Self.error("BadVersion")) }
            let (scope, name) = (String(path[..<range.lowerBound]), String(path[range.upperBound...].dropFirst()))
            guard containers[scope] != nil else { return .answer(404, Self.error("ResourceNotFound")) }
            return assignment(request, path, scope, name, body, identities)
        }
        guard request.url.contains("api-version=2023-05-01") else { return .answer(400, Self.error("BadVersion")) }
        let parts = path.split(separator: "/").map { String($0) }
        // subscriptions S resourceGroups G providers Microsoft.Storage storageAccounts NAME …
        let accountPath = "/" + parts.prefix(8).joined(separator: "/")
        if parts.count == 8 { return account(request, accountPath, parts[7], body) }
        guard let account = accounts[accountPath] else { return .answer(404, Self.error("ResourceNotFound")) }
        if parts.count == 11 { return list(accountPath, parts[10]) }
        return container(request, path, parts[11], account, body)
    }

    private mutating func account(
        _ request: HTTPTransportRequest, _ path: String, _ name: String, _ body: JSONValue
    ) -> ScriptedTransport.Answer {
        switch request.method {
        case "GET":
            return accounts[path].map { .answer(200, $0.text) } ?? .answer(404, Self.error("ResourceNotFound"))
        case "PUT":
            guard (3...24).contains(name.count), name.allSatisfy({ $0.isASCII && ($0.isLowercase || $0.isNumber) }),
                body["location"] == "westeurope", body["kind"] == "StorageV2", body["sku"]?["name"] != nil
            else { return .answer(400, Self.error("AccountPropertyIsInvalid")) }
            guard taken != name else { return .answer(409, Self.error("StorageAccountAlreadyTaken")) }
            accounts[path] = body
            return .answer(202)
        case "PATCH":
            guard let found = accounts[path] else { return .answer(404, Self.error("ResourceNotFound")) }
            let changed = body["properties"]?.memberList ?? []
            let kept = (found["properties"]?.memberList ?? []).filter { old in
                !changed.contains { $0.name == old.name }
            }
            accounts[path] = .object(
                found.memberList.filter { $0.name != "properties" } + [.init("properties", .object(kept + changed))])
            return .answer(200, "{}")
        default:
            accounts[path] = nil
            containers = containers.filter { !$0.key.hasPrefix(path + "/") }
            return .answer(200)
        }
    }

    private func list(_ account: String, _ kind: String) -> ScriptedTransport.Answer {
        let names =
            kind == "containers"
            ? containers.keys.filter { $0.hasPrefix(account + "/") }.compactMap {
                $0.split(separator: "/").last.map { String($0) }
            } : others[kind] ?? []
        let values = names.sorted().map { JSONValue.object([.init("name", .string($0))]) }
        return .answer(200, JSONValue.object([.init("value", .array(values))]).text)
    }

    private mutating func container(
        _ request: HTTPTransportRequest, _ path: String, _ name: String, _ account: JSONValue, _ body: JSONValue
    ) -> ScriptedTransport.Answer {
        switch request.method {
        case "GET":
            return containers[path].map { .answer(200, $0.text) } ?? .answer(404, Self.error("ContainerNotFound"))
        case "DELETE":
            containers[path] = nil
            assignments = assignments.filter { !$0.key.hasPrefix(path + "/") }
            documents = []
            return .answer(200)
        default:
            guard (request.method == "PATCH") == (containers[path] != nil), (3...63).contains(name.count) else {
                return .answer(400, Self.error("InvalidResourceName"))
            }
            if body["properties"]?["publicAccess"] == "Blob",
                account["properties"]?["allowBlobPublicAccess"] != true
            {
                return .answer(409, Self.error("PublicAccessNotPermitted"))
            }
            containers[path] = body
            return .answer(201, "{}")
        }
    }

    private mutating func assignment(
        _ request: HTTPTransportRequest, _ path: String, _ scope: String, _ name: String, _ body: JSONValue,
        _ identities: [String]
    ) -> ScriptedTransport.Answer {
        guard !name.isEmpty else {
            let principal = request.url.split(separator: "'").dropFirst().first.map { String($0) }
            let found = assignments.values.filter {
                guard let of = $0["properties"]?["scope"]?.stringValue else { return false }
                return $0["properties"]?["principalId"]?.stringValue == principal && scope.hasPrefix(of)
            }
            return .answer(200, JSONValue.object([.init("value", .array(Array(found)))]).text)
        }
        switch request.method {
        case "GET":
            return assignments[path].map { .answer(200, $0.text) } ?? .answer(404, Self.error("RoleAssignmentNotFound"))
        case "DELETE":
            assignments[path] = nil
            return .answer(200)
        default:
            let isGUID = name.split(separator: "-").map(\.count) == [8, 4, 4, 4, 12]
            let values = body["properties"]
            guard isGUID, values?["principalType"] == "ServicePrincipal",
                values?["roleDefinitionId"]?.stringValue?.hasSuffix("/roleDefinitions/\(Self.role)") ?? false
            else { return .answer(400, Self.error("BadRequestFormat")) }
            guard let principal = values?["principalId"]?.stringValue, identities.contains(principal) else {
                return .answer(400, Self.error("PrincipalNotFound"))
            }
            let isTaken = assignments.values.contains {
                $0["properties"]?["principalId"]?.stringValue == principal
                    && $0["properties"]?["scope"]?.stringValue == scope
            }
            guard !isTaken else { return .answer(409, Self.error("RoleAssignmentExists")) }
            let stored = (values?.memberList ?? []) + [.init("scope", .string(scope))]
            assignments[path] = .object([.init("properties", .object(stored))])
            return .answer(201, "{}")
        }
    }

    /// The list of blobs, in XML.
    func blobs(_ request: HTTPTransportRequest) -> ScriptedTransport.Answer {
        guard request.headers("authorization") == ["Bearer for-https://storage.azure.com"],
            request.url.contains("restype=container&comp=list"), !request.headers("x-ms-version").isEmpty
        else { return .answer(403, "", ["x-ms-error-code": "AuthorizationPermissionMismatch"]) }
        let names = documents.map { "<Blob><Name>\($0)</Name></Blob>" }.joined()
        return .answer(
            200,
            #"<?xml version="1.0" encoding="utf-8"?><EnumerationResults><Blobs>\#(names)</Blobs><NextMarker /></EnumerationResults>"#
        )
    }
}
