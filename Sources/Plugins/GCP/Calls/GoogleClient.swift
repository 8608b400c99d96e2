import CloudAPI
import GatewayPluginAPI
import JSON

/// Calls of Google's APIs with an access token, and the long-running operations of the IAM API.
struct GoogleClient: Sendable {
    let service: JSONService
    let services: GoogleServices
    let tokens: AccessTokenCache
    let operations: LongRunningOperation

    /// Sends a request. A token that Google rejects is replaced once.
    ///
    /// - Parameters:
    ///   - expected: statuses that are answers beside 2xx.
    ///   - advice: what to do about a missing permission.
    func send(
        _ call: JSONService.Call, expected: Set<Int> = [], advice: String? = nil
    ) async throws(PublishError) -> JSONService.Answer {
        var call = call
        let token = try await tokens.current()
        call.token = token
        var answer = try await service.send(call, expected: expected.union([401, 403]))
        if answer.status == 401 {
            await tokens.discard(token)
            call.token = try await tokens.current()
            answer = try await service.send(call, expected: expected.union([401, 403]))
        }
        guard [401, 403].contains(answer.status), !expected.contains(answer.status) else { return answer }
        throw ServiceFailure(answer.response, answer.json).error(call: call.call, advice: advice)
    }

    /// Sends a request to the IAM API.
    ///
    /// - Parameter path: below `/v1/`.
    func iam(
        _ method: String, _ path: String, _ body: JSONValue? = nil, expected: Set<Int> = [], advice: String? = nil
    ) async throws(PublishError) -> JSONService.Answer {
        try await send(
            JSONService.Call(method, "\(services.iam)/v1/\(path)", json: body), expected: expected, advice: advice)
    }

    /// Sends a request that begins an operation of the IAM API, and waits until it is done.
    func operate(
        _ method: String, _ path: String, _ body: JSONValue? = nil, advice: String? = nil
    ) async throws(PublishError) {
        let call = "\(method) \(services.iam)/v1/\(path.prefix { $0 != "?" })"
        let first = try await iam(method, path, body, advice: advice).json
        let name = first["name"]?.stringValue ?? ""
        let state = try Self.state(first, call)
        if case .running = state, !Self.isOperation(name) {
            throw PublishError(.malformed, "\(call): the response is no operation")
        }
        _ = try await operations.result("the operation of \(call)", first: state) { () throws(PublishError) in
            try Self.state(try await iam("GET", name).json, call)
        }
    }

    private static func state(_ json: JSONValue, _ call: String) throws(PublishError) -> LongRunningOperation.State {
        guard json["done"] == .bool(true) else { return .running }
        guard let error = json["error"] else { return .done(json["response"] ?? .object([])) }
        // google.rpc.Code
        let kind: PublishError.Kind =
            switch error["code"]?.integerValue {
            case 7, 16: .denied
            case 8: .throttled
            case 6, 10: .conflict
            case 4, 13, 14: .unavailable
            default: .misconfigured
            }
        throw PublishError(kind, "\(call): \(ServiceFailure.oneLine(error["message"]?.stringValue ?? "failed"))")
    }

    /// Whether the text is the name of an operation, and nothing else that changes a URL.
    static func isOperation(_ name: String) -> Bool {
        (1...500).contains(name.utf8.count) && name.hasPrefix("projects/") && name.contains("/operations/")
            && !name.contains("..")
            && name.utf8.allSatisfy {
                ResourceID.isOfID($0) || (0x41...0x5A).contains($0) || "/_.".utf8.contains($0)
            }
    }
}
