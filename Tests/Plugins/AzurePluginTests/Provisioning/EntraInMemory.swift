import FoundationEssentials
import GatewayPluginAPI
import GatewayPluginTesting
import JSON
import Synchronization

/// Microsoft Entra, Azure Resource Manager and Microsoft Graph, as far as provisioning calls them. It checks what the
/// services check: the audience of tokens, `api-version`, the form of credentials, their number, and that the pair of issuer
/// and subject is unique.
final class EntraInMemory: Sendable {
    static let tenant = "6f1e2d3c-0000-4000-8000-0123456789ab"
    static let subscription = "11111111-0000-4000-8000-000000000001"
    static let application = "3f8a1c22-0000-4000-8000-0123456789ab"

    struct Identity: Equatable {
        var tags: [String: String] = [:]
        var credentials: [JSONValue] = []
    }

    struct State: Equatable {
        /// By path.
        var identities: [String: Identity] = [:]
        var groups: Set<String> = ["workloads"]
        var storage = StorageInMemory()
    }

    enum Fault: String, CaseIterable {
        case throttled, lostRequest, lostResponse, conflict, failure
    }

    private struct Memory {
        var state = State()
        var calls = 0
        var writes: [String] = []
        var fault: (Fault, Int)?
        var subscriptionTenant = EntraInMemory.tenant
        /// That of the application; nil where there is none.
        var principal: JSONValue? = ["accountEnabled": true, "servicePrincipalType": "Application"]
    }

    private let memory = Mutex(Memory())

    var state: State {
        get { memory.withLock { $0.state } }
        set { memory.withLock { $0.state = newValue } }
    }
    var calls: Int { memory.withLock { $0.calls } }
    func takeWrites() -> [String] {
        memory.withLock { memory in
            defer { memory.writes = [] }
            return memory.writes
        }
    }
    func fail(_ fault: Fault, atCall call: Int) { memory.withLock { $0.fault = (fault, call) } }
    func setSubscriptionTenant(_ tenant: String) { memory.withLock { $0.subscriptionTenant = tenant } }

    func setPrincipal(_ principal: JSONValue?) { memory.withLock { $0.principal = principal } }

    static func managed(_ name: String) -> String {
        "/subscriptions/\(subscription)/resourceGroups/workloads/providers/Microsoft.ManagedIdentity/userAssignedIdentities/"
            + name
    }
    /// The object id of a managed identity.
    static func principal(_ path: String) -> String { "principal-of-\(path.split(separator: "/").last ?? "")" }
    static let app = "/v1.0/applications(appId='\(application)')"

    var transport: ScriptedTransport {
        ScriptedTransport { request in self.memory.withLock { Self.answer(request, &$0) } }
    }

    private static func answer(_ request: HTTPTransportRequest, _ memory: inout Memory) -> ScriptedTransport.Answer {
        if request.url == "https://login.microsoftonline.com/\(tenant)/oauth2/v2.0/token" { return token(request) }
        if request.url.hasPrefix("http://169.254.169.254/") { return .failure(.timedOut) }
        let call = memory.calls
        memory.calls += 1
        if let (fault, at) = memory.fault, at == call {
            switch fault {
            case .throttled: return .answer(429, error("TooManyRequests"), ["Retry-After": "1"])
            case .lostRequest: return .failure(.timedOut)
            case .lostResponse:
                _ = resource(request, &memory)
                return .failure(.timedOut)
            case .conflict:
                return .answer(409, error("ConcurrentFederatedIdentityCredentialsWritesForSingleManagedIdentity"))
            case .failure: return .answer(500, "oops")
            }
        }
        return resource(request, &memory)
    }

    private static func token(_ request: HTTPTransportRequest) -> ScriptedTransport.Answer {
        let form = Dictionary(
            request.text.split(separator: "&").map { pair in
                let parts = pair.split(separator: "=", maxSplits: 1)
                return (String(parts[0]), String(parts.count > 1 ? parts[1] : ""))
            }, uniquingKeysWith: { first, _ in first })
        guard form["grant_type"] == "client_credentials", form["client_secret"] == "secret",
            let scope = form["scope"], scope.hasSuffix("%2F.default")
        else {
            return .answer(
                401,
                #"{"error":"invalid_client","error_description":"AADSTS7000215: Invalid client secret provided.\r\nTrace ID: x"}"#
            )
        }
        let audience = scope.dropLast("%2F.default".count).replacing("%3A", with: ":").replacing("%2F", with: "/")
        return .answer(200, #"{"token_type":"Bearer","expires_in":3599,"access_token":"for-\#(audience)"}"#)
    }

    private static func error(_ code: String, _ message: String = "a reason") -> String {
        #"{"error":{"code":"\#(code)","message":"\#(message)"}}"#
    }

    private static func resource(_ request: HTTPTransportRequest, _ memory: inout Memory) -> ScriptedTransport.Answer {
        let isGraph = request.url.hasPrefix("https://graph.microsoft.com/")
        let base = isGraph ? "https://graph.microsoft.com" : "https://management.azure.com"
        if request.url.firstRange(of: ".blob.core.windows.net/") != nil {
            return memory.state.storage.blobs(request)
        }
        guard request.headers("authorization") == ["Bearer for-\(base)"] else {
            return .answer(401, error("InvalidAuthenticationToken"))
        }
        let parts = request.url.dropFirst(base.count).split(separator: "?", maxSplits: 1)
        let (path, query) = (String(parts[0]), parts.count > 1 ? String(parts[1]) : "")
        if !isGraph, query.firstRange(of: "api-version=") == nil {
            return .answer(400, error("MissingApiVersionParameter"))
        }
        if request.method != "GET" { memory.writes.append("\(request.method) \(path)") }
        if path == "/subscriptions/\(subscription)" {
            return .answer(200, #"{"displayName":"Trial","tenantId":"\#(memory.subscriptionTenant)"}"#)
        }
        if path.firstRange(of: "/Microsoft.Storage/") != nil {
            return memory.state.storage.answer(request, path, identities: memory.state.identities.keys.map(principal))
        }
        if path == "/v1.0/servicePrincipals(appId='\(application)')" {
            return memory.principal.map { .answer(200, $0.text) } ?? .answer(404, error("Request_ResourceNotFound"))
        }
        let list = "/federatedIdentityCredentials"
        if let range = path.firstRange(of: list) {
            let owner = String(path[..<range.lowerBound])
            let name = String(path[range.upperBound...].dropFirst())
            guard let identity = memory.state.identities[owner] else { return .answer(404, error("NotFound")) }
            return credentials(request, owner, name, identity, isGraph, &memory)
        }
        if let identity = memory.state.identities[path] {
            if request.method == "DELETE" {
                memory.state.identities[path] = nil
                return .answer(200)
            }
            let tags = JSONValue.object(identity.tags.map { .init($0.key, .string($0.value)) })
            return .answer(
                200, #"{"properties":{"clientId":"c","principalId":"\#(principal(path))"},"tags":\#(tags.text)}"#)
        }
        if request.method == "PUT", !isGraph {
            guard let body = try? JSONValue(parsing: request.body), body["location"] == "westeurope" else {
                return .answer(400, error("LocationRequired"))
            }
            memory.state.identities[path] = Identity(tags: body["tags"]?.stringMap ?? [:])
            return .answer(201, "{}")
        }
        if memory.state.groups.contains(where: { path.hasSuffix("/resourceGroups/\($0)") }) {
            return .answer(200, #"{"location":"westeurope"}"#)
        }
        return .answer(404, error("ResourceNotFound"))
    }

    private static func credentials(
        _ request: HTTPTransportRequest, _ owner: String, _ name: String, _ identity: Identity, _ isGraph: Bool,
        _ memory: inout Memory
    ) -> ScriptedTransport.Answer {
        var identity = identity
        let body = (try? JSONValue(parsing: request.body)) ?? .object([])
        func index(_ name: String) -> Int? { identity.credentials.firstIndex { $0["name"]?.stringValue == name } }
        func values(_ json: JSONValue) -> JSONValue { isGraph ? json : json["properties"] ?? .object([]) }
        switch request.method {
        case "GET":
            // Pages of three.
            let start = request.url.firstRange(of: "skip=").flatMap { Int(request.url[$0.upperBound...]) } ?? 0
            let page = JSONValue.array(Array(identity.credentials.dropFirst(start).prefix(3)))
            guard start + 3 < identity.credentials.count else { return .answer(200, #"{"value":\#(page.text)}"#) }
            let url = request.url.split(separator: "?")[0]
            let next = isGraph ? "@odata.nextLink" : "nextLink"
            return .answer(200, #"{"value":\#(page.text),"\#(next)":"\#(url)?api-version=1&skip=\#(start + 3)"}"#)
        case "DELETE":
            guard let found = index(name) else { return .answer(404, error("NotFound")) }
            identity.credentials.remove(at: found)
            memory.state.identities[owner] = identity
            return .answer(204)
        default: break
        }
        let wantedName = request.method == "POST" ? body["name"]?.stringValue ?? "" : name
        let wanted = values(body)
        guard (3...120).contains(wantedName.count),
            wantedName.allSatisfy({ $0.isLetter || $0.isNumber || "-_".contains($0) })
        else { return .answer(400, error("BadName")) }
        guard wanted["audiences"]?.elementList?.count == 1 else { return .answer(400, error("OneAudience")) }
        let found = index(wantedName)
        let isTaken = identity.credentials.enumerated().contains { other in
            other.offset != found && values(other.element)["issuer"] == wanted["issuer"]
                && values(other.element)["subject"] == wanted["subject"]
        }
        guard !isTaken else { return .answer(409, error("IssuerSubjectExists")) }
        let members = body.memberList.filter { $0.name != "name" }
        let stored = JSONValue.object([.init("name", .string(wantedName))] + members)
        if let found {
            guard request.method != "POST" else {
                return .answer(409, error("Request_MultipleObjectsWithSameKeyValue"))
            }
            identity.credentials[found] = stored
        } else {
            guard request.method != "PATCH" else { return .answer(404, error("NotFound")) }
            guard identity.credentials.count < 20 else { return .answer(400, error("TooMany")) }
            identity.credentials.append(stored)
        }
        memory.state.identities[owner] = identity
        return .answer(request.method == "PATCH" ? 204 : 201, request.method == "PATCH" ? "" : stored.text)
    }
}
