import CloudAPI
import FoundationEssentials
import GatewayPluginAPI
import JSON

/// The token endpoint of a tenant: client credentials with a secret or an assertion (Microsoft identity platform, "OAuth
/// 2.0 client credentials flow"; RFC 7523 §2.2).
struct EntraTokenEndpoint: Sendable {
    /// How the client proves itself.
    enum Proof: Sendable {
        case secret(String)
        /// A token of an issuer that a federated credential of the client names.
        case assertion(String)
    }

    /// The URL of the authority without a final slash.
    let authority: String
    let tenant: String
    let service: JSONService
    let now: @Sendable () -> Date

    enum Outcome: Sendable {
        case token(AccessToken)
        /// What Entra says, the call, and the id of the request.
        case rejected(EntraError, call: String, reference: String?)
    }

    /// - Parameter resource: the URL of the API, without `/.default`.
    func token(client: String, _ proof: Proof, resource: String) async throws(PublishError) -> AccessToken {
        switch try await outcome(client: client, proof, resource: resource) {
        case .token(let token): return token
        case .rejected(let error, let call, let reference): throw error.error(call, reference: reference)
        }
    }

    /// - Parameter resource: the URL of the API, without `/.default`.
    func outcome(client: String, _ proof: Proof, resource: String) async throws(PublishError) -> Outcome {
        var form = [("client_id", client), ("grant_type", "client_credentials"), ("scope", "\(resource)/.default")]
        switch proof {
        case .secret(let secret): form.append(("client_secret", secret))
        case .assertion(let assertion):
            form += [
                ("client_assertion", assertion),
                ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
            ]
        }
        var call = JSONService.Call(
            "POST", "\(authority)/\(tenant)/oauth2/v2.0/token",
            headers: [HTTPHeaderField("Content-Type", "application/x-www-form-urlencoded")])
        call.body = Array(form.map { "\($0.0)=\(FormEncoding.encode($0.1))" }.joined(separator: "&").utf8)
        let secret =
            switch proof {
            case .secret(let secret): secret
            case .assertion(let assertion): assertion
            }
        call.secrets = [secret, FormEncoding.encode(secret)]
        let answer = try await service.send(call, expected: [400, 401, 403])
        guard answer.status == 200 else {
            return .rejected(
                EntraError(ServiceFailure(answer.response, answer.json)), call: call.call,
                reference: answer.response.header("x-ms-request-id"))
        }
        guard let token = answer.json["access_token"]?.stringValue, !token.isEmpty else {
            throw PublishError(.malformed, "\(call.call): the response has no access_token")
        }
        return .token(AccessToken(token, expiration: Self.expiration(answer.json, at: now())))
    }

    /// The end of a token, by `expires_on` (seconds since 1970) or `expires_in`, as numbers or digits.
    static func expiration(_ json: JSONValue, at now: Date) -> Date? {
        func number(_ name: String) -> Double? {
            let value = json[name]?.integerValue ?? json[name]?.stringValue.flatMap { Int($0) }
            return value.flatMap { (1...100_000_000_000).contains($0) ? Double($0) : nil }
        }
        if let end = number("expires_on") { return Date(timeIntervalSince1970: end) }
        return number("expires_in").map { now.addingTimeInterval($0) }
    }
}

/// Values of a form (application/x-www-form-urlencoded) and of a query: all but unreserved characters are escaped (RFC
/// 3986 §2.3).
enum FormEncoding {
    static func encode(_ text: String) -> String {
        var encoded = ""
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                encoded.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                let digits = String(byte, radix: 16, uppercase: true)
                encoded += byte < 16 ? "%0\(digits)" : "%\(digits)"
            }
        }
        return encoded
    }
}
