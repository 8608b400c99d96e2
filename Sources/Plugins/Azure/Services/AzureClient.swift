import CloudAPI
import GatewayPluginAPI
import JSON

/// An API of Azure with access tokens: Azure Resource Manager, or Microsoft Graph.
struct AzureClient: Sendable {
    /// The URL without a final slash.
    let base: String
    let service: JSONService
    let tokens: AccessTokenCache
    /// What to do where a call is denied (403).
    let permission: String

    /// Sends a request. Where the token is rejected, it is sent once more with a new one.
    ///
    /// - Parameters:
    ///   - path: with its first slash, and its query.
    ///   - expected: further statuses that are answers.
    func send(
        _ method: String, _ path: String, _ body: JSONValue? = nil, expected: Set<Int> = []
    ) async throws(PublishError) -> JSONService.Answer {
        try await send(method, url: base + path, body, expected: expected)
    }

    private func send(
        _ method: String, url: String, _ body: JSONValue?, expected: Set<Int>
    ) async throws(PublishError) -> JSONService.Answer {
        func attempt(_ token: String, _ expected: Set<Int>) async throws(PublishError) -> JSONService.Answer {
            var call = JSONService.Call(method, url, token: token, json: body)
            call.timeout = 30
            return try await service.send(call, expected: expected)
        }
        do throws(PublishError) {
            let token = try await tokens.current()
            let answer = try await attempt(token, expected.union([401]))
            guard answer.status == 401 else { return answer }
            await tokens.discard(token)
            return try await attempt(try await tokens.current(), expected)
        } catch {
            guard error.kind == .denied, error.message.contains("status 403") else { throw error }
            throw PublishError(.denied, "\(error.message); \(permission)", reference: error.reference)
        }
    }

    /// Reads a resource; nil where it does not exist (404).
    func find(_ path: String) async throws(PublishError) -> JSONValue? {
        let answer = try await send("GET", path, expected: [404])
        return answer.status == 404 ? nil : answer.json
    }

    /// Reads all pages of a list; nil where what has the list does not exist (404). A page of another host is an error: it
    /// would get the token.
    func list(_ path: String) async throws(PublishError) -> [JSONValue]? {
        var url: String? = base + path
        var values: [JSONValue] = []
        var pages = 0
        while let next = url {
            let answer = try await send("GET", url: next, nil, expected: [404])
            if answer.status == 404 { return nil }
            values += answer.json["value"]?.elementList ?? []
            url = (answer.json["nextLink"] ?? answer.json["@odata.nextLink"])?.stringValue
            pages += 1
            guard url?.hasPrefix(base + "/") ?? true, pages < 100 else {
                throw PublishError(.malformed, "GET \(base)\(path): unexpected next page \(Quotation.of(url ?? ""))")
            }
        }
        return values
    }
}
