import FoundationEssentials
import GatewayCore
import JOSE
import JSON

/// One token exchange (RFC 8693) at the gateway.
struct TokenExchangeCall: Sendable {
    let calls: GatewayCalls
    /// The endpoint's path.
    let path: String

    /// - Parameters:
    ///   - subjectToken: it is in no error text.
    ///   - audience: one of the endpoint's; nil for all.
    /// - Returns: the issued token.
    func issued(for subjectToken: String, audience: String? = nil) async throws(CommandFailure) -> IssuedJWT {
        var fields = [
            ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
            ("subject_token_type", "urn:ietf:params:oauth:token-type:jwt"), ("subject_token", subjectToken),
        ]
        if let audience { fields.append(("audience", audience)) }
        let form = fields.map { "\($0.0)=\(Self.encoded($0.1))" }.joined(separator: "&")
        let reply = try await calls.send("\(path)/token", form: form)
        let json = try? JSONValue(parsing: reply.body)
        if let message = reply.apiServerMessage {
            let text = message.replacing(subjectToken, with: "[token removed]")
            if reply.status == 401 {
                throw CommandFailure(
                    .kubeconfigUnusable, "the API server does not accept the credentials (401): \(text)",
                    advice: "sign in again")
            }
            throw CommandFailure(
                .gatewayUnreachable, "the API server does not reach \(calls.place) (\(reply.status)): \(text)",
                advice: "check that the Pod is ready, and network policies; or set --server https://HOST")
        }
        guard reply.status == 200 else { throw Self.failure(reply, json, subjectToken) }
        guard let compact = json?["access_token"]?.stringValue, let token = IssuedJWT(compact) else {
            throw CommandFailure(
                .gatewayUnreachable, "the answer of \(calls.place) has no token",
                advice: "check that --server is the gateway")
        }
        return token
    }

    private static func failure(_ reply: GatewayCalls.Reply, _ json: JSONValue?, _ token: String) -> CommandFailure {
        guard let error = json?["error"]?.stringValue else {
            return CommandFailure(
                reply.status == 404 ? .notFound : .gatewayUnreachable,
                "the gateway's answer has the status \(reply.status), and is none of a token call",
                advice: "check the endpoint's path, and that the server is the gateway")
        }
        let code = json?["code"]?.stringValue.flatMap { ErrorCode(rawValue: $0) }
        let text = (json?["error_description"]?.stringValue ?? "no description").replacing(
            token, with: "[token removed]")
        return CommandFailure(
            code ?? .response(status: reply.status, error: error), "\(reply.status) \(error): \(text)",
            advice: "the gateway's audit log has the reason")
    }

    /// Percent-encodes all but unreserved characters (RFC 3986 §2.3).
    private static func encoded(_ text: String) -> String {
        text.utf8.map { byte in
            let scalar = Unicode.Scalar(byte)
            let isPlain =
                scalar.isASCII && (scalar.properties.isAlphabetic || "0123456789-._~".unicodeScalars.contains(scalar))
            return isPlain ? String(scalar) : "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
        }.joined()
    }
}

/// A token of the gateway. Its `description` is redacted.
struct IssuedJWT: Sendable, CustomStringConvertible, CustomReflectable {
    let compact: String
    let jwt: SignedJWT
    let claims: RegisteredClaims

    init?(_ compact: String) {
        guard let jwt = try? SignedJWT(parsing: compact), let claims = try? jwt.claims() else { return nil }
        self.compact = compact
        self.jwt = jwt
        self.claims = claims
    }

    var description: String { "IssuedJWT" }
    var customMirror: Mirror { Mirror(self, children: [], displayStyle: .struct) }

    /// Header and claims, without the signature.
    var decoded: JSONValue {
        let head = Base64URL.decode(compact.prefix { $0 != "." }) ?? []
        return ["header": (try? JSONValue(parsing: head)) ?? .null, "claims": claims.json]
    }
    var expiration: Date? { claims.expiration.map { Date(timeIntervalSince1970: $0) } }
}
