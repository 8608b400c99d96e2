import Crypto
import FoundationEssentials
import GatewayPluginAPI
import GatewayPluginTesting
import JOSE
import JSON
import Synchronization

@testable import GCPPlugin

/// The APIs of Google as far as the plugin calls them. It stores any key set, and uses one only where it is valid; an
/// update of IAM is a long-running operation.
final class GoogleInMemory: Sendable {
    struct Object {
        var generation: Int
        var metadata: JSONValue
        var content: [UInt8]
    }

    struct State {
        /// Pools, providers and service accounts by their names.
        var resources: [String: JSONValue] = [:]
        var policies: [String: JSONValue] = [:]
        var objects: [String: Object] = [:]
        var tokens: Set<String> = ["administrator"]
        var exchanges = 0
        /// How often an operation is read until it is done.
        var readingsUntilDone = 0
        var pending: [String: (left: Int, result: JSONValue)] = [:]
        var count = 0
        /// Runs before the next update, as another writer would.
        var beforeUpdate: (@Sendable (inout State) -> Void)?
        /// The answer to each exchange in place of a decision.
        var exchangeAnswer: ScriptedTransport.Answer?
    }

    let state = Mutex(State())

    static let provider = "projects/123456789012/locations/global/workloadIdentityPools/clusters/providers/prod-one"
    static let pool = "projects/123456789012/locations/global/workloadIdentityPools/clusters"

    func resource(_ name: String) -> JSONValue? { state.withLock { $0.resources[name] } }
    func set(_ name: String, _ value: JSONValue?) { state.withLock { $0.resources[name] = value } }
    func members(_ name: String, _ role: String) -> [String] {
        state.withLock { AccessPolicy(json: $0.policies[name] ?? .object([])).members(of: role) }
    }

    /// A provider without keys, as somebody has created it.
    func addProvider(issuer: String = "https://issuer.example.com", keys: String? = nil, _ more: JSONValue = [:]) {
        var value: JSONValue = [
            "name": .string(Self.provider), "state": "ACTIVE", "oidc": ["issuerUri": .string(issuer)],
        ]
        if let keys { value = value.setting(.string(keys), at: "oidc", "jwksJson") }
        for member in more.memberList { value = value.setting(member.value, at: member.name) }
        set(Self.provider, value)
    }

    var transport: ScriptedTransport {
        ScriptedTransport { [self] request in state.withLock { Self.answer(request, &$0) } }
    }

    private static func answer(_ request: HTTPTransportRequest, _ state: inout State) -> ScriptedTransport.Answer {
        let parts = request.url.split(separator: "/", maxSplits: 2, omittingEmptySubsequences: true)
        let (host, rest) = (String(parts[1]), parts.count > 2 ? String(parts[2]) : "")
        let path = String(rest.prefix { $0 != "?" })
        let query = rest.contains("?") ? String(rest.drop { $0 != "?" }.dropFirst()) : ""
        if host == "sts.googleapis.com" { return exchange(request, &state) }
        guard state.tokens.contains(String(request.headers("Authorization").first?.dropFirst(7) ?? "")) else {
            return .answer(401, #"{"error": {"code": 401, "status": "UNAUTHENTICATED", "message": "no"}}"#)
        }
        if host == "iamcredentials.googleapis.com" {
            state.tokens.insert("impersonated")
            return .answer(200, #"{"accessToken": "impersonated", "expireTime": "2099-01-01T00:00:00Z"}"#)
        }
        let body = (try? JSONValue(parsing: request.body)) ?? .object([])
        if host == "storage.googleapis.com" { return storage(request, path, query, body, &state) }
        return iam(request.method, String(path.dropFirst(3)), query, body, &state)
    }

    // MARK: STS

    private static func exchange(
        _ request: HTTPTransportRequest, _ state: inout State
    ) -> ScriptedTransport.Answer {
        if let answer = state.exchangeAnswer { return answer }
        let text = request.text
        let fields = Dictionary(
            text.split(separator: "&").map { $0.split(separator: "=", maxSplits: 1).map(String.init) }
                .map { ($0[0], $0.count > 1 ? $0[1] : "") }, uniquingKeysWith: { $1 })
        let audience = "%2F%2Fiam.googleapis.com%2F" + Self.provider.replacing("/", with: "%2F")
        guard fields["audience"] == audience, let provider = state.resources[Self.provider],
            provider["disabled"] != .bool(true), provider["state"] == "ACTIVE"
        else { return .answer(400, #"{"error": "invalid_target", "error_description": "no such provider"}"#) }
        let rejected = ScriptedTransport.Answer.answer(
            400,
            #"{"error":"invalid_grant","error_description":"Error connecting to the given credential's issuer."}"#)
        let allowed: Set<String> = ["kty", "alg", "use", "kid", "n", "e", "x", "y", "crv"]
        guard let keys = provider["oidc"]?["jwksJson"]?.stringValue,
            let elements = (try? JSONValue(parsing: Array(keys.utf8)))?["keys"]?.elementList,
            elements.allSatisfy({ $0.memberList.allSatisfy { allowed.contains($0.name) } }),
            let set = try? JSONWebKeySet(parsing: Array(keys.utf8)),
            let token = try? SignedJWT(parsing: fields["subject_token"] ?? ""),
            (try? token.verify(with: set)) != nil
        else { return rejected }
        state.exchanges += 1
        state.tokens.insert("federated-\(state.exchanges)")
        return .answer(
            200, #"{"access_token": "federated-\#(state.exchanges)", "expires_in": 3600, "token_type": "Bearer"}"#)
    }

    // MARK: IAM

    private static func iam(
        _ method: String, _ name: String, _ query: String, _ body: JSONValue, _ state: inout State
    ) -> ScriptedTransport.Answer {
        let absent = ScriptedTransport.Answer.answer(
            404, #"{"error": {"code": 404, "status": "NOT_FOUND", "message": "not found"}}"#)
        if name.contains("/operations/") {
            guard var found = state.pending[name] else { return absent }
            found.left -= 1
            state.pending[name] = found
            return found.left > 0 ? .answer(200, #"{"name": "\#(name)"}"#) : .answer(200, found.result.text)
        }
        if name.hasSuffix(":getIamPolicy") || name.hasSuffix(":setIamPolicy") {
            let resource = String(name.dropLast(13))
            guard state.resources[resource] != nil else { return absent }
            return policy(resource, name.hasSuffix(":setIamPolicy") ? body["policy"] : nil, &state)
        }
        let created = query.split(separator: "=").last.map(String.init) ?? ""
        switch method {
        case "GET" where name.hasSuffix("/providers"):
            let found = state.resources.filter { $0.key.hasPrefix(name + "/") }.map(\.value)
            return .answer(200, JSONValue.object([.init("workloadIdentityPoolProviders", .array(found))]).text)
        case "GET": return state.resources[name].map { .answer(200, $0.text) } ?? absent
        case "POST" where name.hasSuffix("/serviceAccounts"):
            let email = "\(body["accountId"]?.stringValue ?? "")@my-project-1.iam.gserviceaccount.com"
            state.resources["\(name)/\(email)"] = body["serviceAccount"] ?? .object([])
            return .answer(200, #"{"email": "\#(email)"}"#)
        case "POST" where name.hasSuffix(":undelete"):
            let resource = String(name.dropLast(9))
            return operation(resource, state.resources[resource]?.setting("ACTIVE", at: "state"), &state)
        case "POST":
            let resource = "\(name)/\(created)"
            guard state.resources[resource] == nil else {
                return .answer(409, #"{"error": {"status": "ALREADY_EXISTS"}}"#)
            }
            return operation(
                resource, body.setting(.string(resource), at: "name").setting("ACTIVE", at: "state"), &state)
        case "PATCH":
            if let work = state.beforeUpdate {
                state.beforeUpdate = nil
                work(&state)
            }
            guard var value = state.resources[name] else { return absent }
            for path in created.replacing("%2C", with: ",").split(separator: ",") {
                let names = path.split(separator: ".").map(String.init)
                let new = names.reduce(body as JSONValue?) { $0?[$1] }
                value = names.count == 1 ? value.setting(new, at: names[0]) : value.setting(new, at: names[0], names[1])
            }
            return operation(name, value, &state)
        default:
            guard let value = state.resources[name] else { return absent }
            if name.contains("/serviceAccounts/") {
                state.resources[name] = nil
                return .answer(200, "{}")
            }
            return operation(name, value.setting("DELETED", at: "state"), &state)
        }
    }

    private static func operation(
        _ name: String, _ value: JSONValue?, _ state: inout State
    ) -> ScriptedTransport.Answer {
        state.resources[name] = value
        state.count += 1
        let id = "\(name)/operations/op-\(state.count)"
        let done: JSONValue = ["name": .string(id), "done": true, "response": value ?? .null]
        guard state.readingsUntilDone > 0 else { return .answer(200, done.text) }
        state.pending[id] = (state.readingsUntilDone, done)
        return .answer(200, #"{"name": "\#(id)"}"#)
    }

    private static func policy(
        _ resource: String, _ new: JSONValue?, _ state: inout State
    ) -> ScriptedTransport.Answer {
        let current = state.policies[resource] ?? ["etag": "0", "version": 1]
        guard let new else { return .answer(200, current.text) }
        guard new["etag"] == current["etag"] else { return .answer(409, #"{"error": {"status": "ABORTED"}}"#) }
        state.count += 1
        let stored = new.setting(.string("\(state.count)"), at: "etag")
        state.policies[resource] = stored
        return .answer(200, stored.text)
    }

    // MARK: Storage

    private static func storage(
        _ request: HTTPTransportRequest, _ path: String, _ query: String, _ body: JSONValue, _ state: inout State
    ) -> ScriptedTransport.Answer {
        let absent = ScriptedTransport.Answer.answer(404, #"{"error": {"code": 404, "message": "Not Found"}}"#)
        if path.hasPrefix("upload/") { return upload(request, path, query, &state) }
        let parts = path.split(separator: "/").map(String.init).dropFirst(3)
        guard let bucket = parts.first else {
            let name = body["name"]?.stringValue ?? ""
            state.resources["gs://\(name)"] = body
            return .answer(200, body.text)
        }
        guard let found = state.resources["gs://\(bucket)"] else { return absent }
        let rest = parts.dropFirst()
        switch (request.method, rest.first, rest.dropFirst().first) {
        case (_, "iam", _): return policy("gs://\(bucket)", request.method == "PUT" ? body : nil, &state)
        case ("GET", nil, _): return .answer(200, found.text)
        case ("DELETE", nil, _):
            state.resources["gs://\(bucket)"] = nil
            return .answer(204)
        case ("GET", "o", nil):
            let items = state.objects.filter { $0.key.hasPrefix("\(bucket)/") }.map(\.value.metadata)
            return .answer(200, JSONValue.object([.init("items", .array(items))]).text)
        case (let method, "o", let encoded?):
            let key = "\(bucket)/\(encoded.replacing("%2F", with: "/"))"
            guard let object = state.objects[key] else { return absent }
            if method == "DELETE" {
                state.objects[key] = nil
                return .answer(204)
            }
            guard query.contains("alt=media") else { return .answer(200, object.metadata.text) }
            return .success(HTTPTransportResponse(status: 200, body: object.content))
        default: return absent
        }
    }

    private static func upload(
        _ request: HTTPTransportRequest, _ path: String, _ query: String, _ state: inout State
    ) -> ScriptedTransport.Answer {
        let bucket = path.split(separator: "/").map(String.init)[4]
        guard state.resources["gs://\(bucket)"] != nil else {
            return .answer(404, #"{"error": {"code": 404, "message": "no bucket"}}"#)
        }
        let sections = request.text.components(separatedBy: "\r\n\r\n")
        let boundary =
            "\r\n--" + (request.headers("Content-Type").first?.components(separatedBy: "boundary=").last ?? "")
        var metadata =
            (try? JSONValue(parsing: Array((sections[1].components(separatedBy: boundary).first ?? "").utf8)))
            ?? .object([])
        let content = Array((sections[2].components(separatedBy: boundary).first ?? "").utf8)
        let key = "\(bucket)/\(metadata["name"]?.stringValue ?? "")"
        let current = state.objects[key]?.generation ?? 0
        guard query.hasSuffix("ifGenerationMatch=\(current)") else {
            return .answer(412, #"{"error": {"code": 412, "message": "precondition"}}"#)
        }
        state.count += 1
        let added: [(String, JSONValue)] = [
            ("generation", .string("\(state.count)")), ("size", .string("\(content.count)")),
            ("md5Hash", .string(Data(Insecure.MD5.hash(data: content)).base64EncodedString())),
        ]
        for (name, value) in added { metadata = metadata.setting(value, at: name) }
        state.objects[key] = Object(generation: state.count, metadata: metadata, content: content)
        return .answer(200, metadata.text)
    }
}

extension String {
    /// FoundationEssentials has no `components(separatedBy:)` for strings.
    fileprivate func components(separatedBy separator: String) -> [String] {
        var (parts, rest): ([String], Substring) = ([], self[...])
        while let range = rest.firstRange(of: separator) {
            parts.append(String(rest[..<range.lowerBound]))
            rest = rest[range.upperBound...]
        }
        return parts + [String(rest)]
    }
}
