import CloudAPI
import FoundationEssentials
import GatewayPluginAPI
import JSON

/// The exchange of an OIDC token for an access token of Google (Security Token Service API v1, `token`; RFC 8693), and the
/// impersonation of a service account with it.
struct TokenExchange: Sendable {
    let service: JSONService
    let services: GoogleServices
    let now: @Sendable () -> Date

    enum Outcome: Sendable {
        case token(AccessToken)
        /// The service has decided against the token.
        case rejected(ServiceFailure)
    }

    static let scope = "https://www.googleapis.com/auth/cloud-platform"
    static let tokenType = "urn:ietf:params:oauth:token-type:jwt"

    /// - Parameters:
    ///   - subjectToken: a token of the issuer that the provider trusts.
    ///   - audience: the provider's full resource name.
    func exchange(
        _ subjectToken: String, audience: String, tokenType: String = tokenType, url: String? = nil
    ) async throws(PublishError) -> Outcome {
        let fields = [
            ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"), ("audience", audience),
            ("scope", Self.scope), ("requested_token_type", "urn:ietf:params:oauth:token-type:access_token"),
            ("subject_token_type", tokenType), ("subject_token", subjectToken),
        ]
        var call = JSONService.Call("POST", url ?? services.tokenURL)
        call.headers.append(HTTPHeaderField("Content-Type", "application/x-www-form-urlencoded"))
        call.body = Array(fields.map { "\($0.0)=\(PercentEncoding.value($0.1))" }.joined(separator: "&").utf8)
        call.secrets = [subjectToken]
        let answer = try await service.send(call, expected: [400, 401, 403])
        guard answer.status == 200 else { return .rejected(ServiceFailure(answer.response, answer.json)) }
        guard let token = answer.json["access_token"]?.stringValue, !token.isEmpty else {
            throw PublishError(.malformed, "\(call.call): the response has no access_token")
        }
        let lifetime = answer.json["expires_in"]?.integerValue.map { Double(max(0, min($0, 86_400))) }
        return .token(AccessToken(token, expiration: lifetime.map { now().addingTimeInterval($0) }))
    }

    /// Seconds: the longest lifetime that needs no organization policy.
    private static let impersonationLifetime = 3_600

    /// What to do about a rejection; nil where its code has several reasons.
    static func advice(_ failure: ServiceFailure) -> String? {
        switch failure.code {
        case "unauthorized_client": "the attribute condition of the provider rejects the token; allow its subject"
        case "invalid_target": "the pool or the provider does not exist, or is disabled; compare its name"
        default: nil
        }
    }

    /// Impersonates a service account (`generateAccessToken`).
    ///
    /// - Parameter principal: whose token it is, for the error.
    func impersonate(
        _ account: String, with token: String, principal: String = "the gateway's principal"
    ) async throws(PublishError) -> AccessToken {
        try await impersonate(
            url: "\(services.iamCredentials)/v1/projects/-/serviceAccounts/\(account):generateAccessToken", with: token,
            principal: principal)
    }

    func impersonate(
        url: String, with token: String, principal: String = "the gateway's principal"
    ) async throws(PublishError) -> AccessToken {
        let requested = now()
        let call = JSONService.Call(
            "POST", url, token: token,
            json: ["scope": [.string(Self.scope)], "lifetime": .string("\(Self.impersonationLifetime)s")])
        let answer = try await service.send(call, expected: [403])
        guard answer.status != 403 else {
            throw ServiceFailure(answer.response, answer.json).error(
                call: call.call,
                advice: "grant roles/iam.workloadIdentityUser on the service account to \(principal)")
        }
        guard let value = answer.json["accessToken"]?.stringValue, !value.isEmpty else {
            throw PublishError(.malformed, "\(call.call): the response has no accessToken")
        }
        return AccessToken(value, expiration: requested.addingTimeInterval(Double(Self.impersonationLifetime)))
    }
}

/// Percent-encoding (RFC 3986 §2.1).
enum PercentEncoding {
    /// Encodes all but unreserved characters, also the slash.
    static func value(_ text: String) -> String {
        var encoded = ""
        for byte in text.utf8 {
            if ResourceID.isOfID(byte) || "._~".utf8.contains(byte) || (0x41...0x5A).contains(byte) {
                encoded.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                let digits = String(byte, radix: 16, uppercase: true)
                encoded += "%" + (byte < 16 ? "0" : "") + digits
            }
        }
        return encoded
    }
}
