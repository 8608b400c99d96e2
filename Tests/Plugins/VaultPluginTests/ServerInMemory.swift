import GatewayPluginAPI
import GatewayPluginTesting
import JOSE
import JSON
import Synchronization

/// The configuration, the roles and the logins of one auth mount, as the server keeps them: a write replaces the whole
/// configuration, an absent one is 404 without a reason, and a login verifies with the stored keys only.
final class ServerInMemory: Sendable {
    struct State {
        var configuration: JSONValue?
        var tokens: Set<String> = ["root"]
        var logins = 0
        var isMounted = true
        /// Runs before the next write, as another writer would.
        var beforeWrite: (@Sendable (inout State) -> Void)?
    }

    let state = Mutex(State())

    var configuration: JSONValue? {
        get { state.withLock { $0.configuration } }
        set { state.withLock { $0.configuration = newValue } }
    }

    var transport: ScriptedTransport {
        ScriptedTransport { [self] request in
            let path = request.url.split(separator: "/", maxSplits: 2).last.map(String.init) ?? ""
            return state.withLock { Self.answer(request, "/\(path)", &$0) }
        }
    }

    private static func answer(
        _ request: HTTPTransportRequest, _ path: String, _ state: inout State
    ) -> ScriptedTransport.Answer {
        guard state.isMounted else {
            return .answer(404, #"{"errors":["no handler for route \"auth/one/config\". route entry not found."]}"#)
        }
        if path == "/v1/auth/one/login" {
            guard let body = try? JSONValue(parsing: request.body), let token = body["jwt"]?.stringValue,
                let pems = state.configuration?["jwt_validation_pubkeys"]?.elementList?.compactMap(\.stringValue),
                let jwt = try? SignedJWT(parsing: token),
                pems.contains(where: {
                    (try? JSONWebKey(publicKeyPEM: $0)).map { (try? jwt.verify(with: $0)) != nil } ?? false
                })
            else {
                return .answer(
                    400,
                    #"{"errors":["error verifying token signature: no known key successfully validated the token signature"]}"#
                )
            }
            state.logins += 1
            state.tokens.insert("session-\(state.logins)")
            return .answer(
                200, #"{"auth":{"client_token":"session-\#(state.logins)","lease_duration":600}}"#)
        }
        guard path == "/v1/auth/one/config" else { return .answer(404, #"{"errors":[]}"#) }
        guard request.headers("X-Vault-Token").contains(where: state.tokens.contains) else {
            return .answer(403, #"{"errors":["permission denied"]}"#)
        }
        if request.method == "GET" {
            guard let configuration = state.configuration else { return .answer(404, #"{"errors":[]}"#) }
            return .answer(200, JSONValue.object([.init("data", configuration)]).text)
        }
        if let work = state.beforeWrite {
            state.beforeWrite = nil
            work(&state)
        }
        state.configuration = try? JSONValue(parsing: request.body)
        return .answer(204)
    }
}
