import GatewayPluginAPI
import GatewayPluginTesting
import JSON
import Synchronization

/// The part of the API that the plugin calls: one federation issuer, and the exchange of tokens.
final class APIInMemory: Sendable {
    static let path = "/v1/organizations/federation_issuers/fdis_01abc"

    private let state: Mutex<(issuer: JSONValue, exchanges: [JSONValue])>

    init(url: String = "https://issuer.example.com", jwks: JSONValue = ["type": "inline", "keys": []]) {
        state = Mutex(
            (
                [
                    "id": "fdis_01abc", "type": "federation_issuer", "issuer_url": .string(url), "jwks": jwks,
                    "check_jti": true, "max_jwt_lifetime_seconds": 3_600, "name": "production", "archived_at": .null,
                ], []
            ))
    }

    var issuer: JSONValue {
        get { state.withLock { $0.issuer } }
        set { state.withLock { $0.issuer = newValue } }
    }
    var exchanges: [JSONValue] { state.withLock { $0.exchanges } }

    /// - Parameter change: answers in place of the API where it is not nil.
    func transport(
        _ change: @escaping @Sendable (HTTPTransportRequest) -> ScriptedTransport.Answer? = { _ in nil }
    ) -> ScriptedTransport {
        ScriptedTransport { request in change(request) ?? self.state.withLock { Self.answer(request, &$0) } }
    }

    private static func answer(
        _ request: HTTPTransportRequest, _ state: inout (issuer: JSONValue, exchanges: [JSONValue])
    ) -> ScriptedTransport.Answer {
        let body = try? JSONValue(parsing: request.body)
        switch (request.method, request.url.dropFirst("https://api.anthropic.com".count)) {
        case ("POST", "/v1/oauth/token"):
            guard request.headers("anthropic-beta") == ["oauth-2025-04-20,oidc-federation-2026-04-01"], let body else {
                return .answer(400, error("invalid_request_error"))
            }
            state.exchanges.append(body)
            return .answer(200, #"{"access_token":"admin","token_type":"Bearer","expires_in":600}"#)
        case ("GET", path), ("POST", path):
            guard request.headers("authorization") == ["Bearer admin"], request.headers("x-api-key") == [],
                request.headers("anthropic-version") == ["2023-06-01"]
            else { return .answer(401, error("authentication_error")) }
            guard request.method == "POST" else { return .answer(200, state.issuer.text) }
            guard state.issuer["archived_at"] == .null else { return .answer(400, error("invalid_request_error")) }
            for member in body?.memberList ?? [] { state.issuer = state.issuer.setting(member.value, at: member.name) }
            return .answer(200, state.issuer.text)
        default: return .answer(404, error("not_found_error"))
        }
    }

    static func error(_ type: String) -> String {
        #"{"type":"error","error":{"type":"\#(type)","message":"a reason"},"request_id":"r1"}"#
    }
}
