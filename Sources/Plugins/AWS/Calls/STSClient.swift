import AWSXML
import FoundationEssentials
import GatewayPluginAPI

/// An STS client for `AssumeRoleWithWebIdentity` (STS API Reference 2011-06-15), which exchanges a token for temporary
/// credentials of a role. The call is not signed.
struct STSClient: Sendable {
    let endpoint: ServiceEndpoint
    let transport: any HTTPTransport
    /// CA certificates to trust in place of the system's, in PEM; nil for the system's.
    let authorities: @Sendable () throws(PublishError) -> String?

    /// The outcome of a call.
    enum Answer: Sendable {
        case session(AccessKey)
        case rejected(ServiceError)
    }

    /// The outcome of a call, with the ARN of the session (`AssumedRoleUser`).
    enum Exchange: Sendable {
        case session(AccessKey, arn: String)
        case rejected(ServiceError)
    }

    /// - Parameters:
    ///   - token: sent in the body; it is in no error text.
    ///   - seconds: the requested lifetime of the session, 900 at least.
    func assume(
        _ role: RoleARN, sessionName: String, token: String, seconds: Int
    ) async throws(PublishError) -> Answer {
        switch try await exchange(role, sessionName: sessionName, token: token, seconds: seconds) {
        case .session(let key, _): .session(key)
        case .rejected(let error): .rejected(error)
        }
    }

    /// The same as ``assume(_:sessionName:token:seconds:)``, with the session's ARN.
    func exchange(
        _ role: RoleARN, sessionName: String, token: String, seconds: Int
    ) async throws(PublishError) -> Exchange {
        let fields = [
            ("Action", "AssumeRoleWithWebIdentity"), ("Version", "2011-06-15"), ("RoleArn", role.description),
            ("RoleSessionName", sessionName), ("DurationSeconds", "\(seconds)"), ("WebIdentityToken", token),
        ]
        let body = fields.map { "\($0.0)=\(PercentEncoding.encode($0.1.utf8))" }.joined(separator: "&")
        let request = HTTPTransportRequest(
            method: "POST", url: "\(endpoint.url)/",
            headers: [
                HTTPHeaderField("Content-Type", "application/x-www-form-urlencoded"),
                HTTPHeaderField("Accept", "text/xml"),
            ], body: Array(body.utf8), maximumResponseBytes: XMLElement.Limits.defaultLength,
            certificateAuthorities: try authorities())
        let call = Self.call(role)
        let response: HTTPTransportResponse
        do {
            response = try await transport.send(request)
        } catch {
            throw PublishError(error, calling: call)
        }
        guard (200..<300).contains(response.status) else { return .rejected(ServiceError(response)) }
        let root: XMLElement
        do {
            root = try XMLElement(parsing: response.body)
        } catch {
            throw PublishError(
                .malformed, "\(call): the response is not STS XML (\(error)); check for a proxy in between")
        }
        let result = root["AssumeRoleWithWebIdentityResult"]
        let credentials = result?["Credentials"]
        guard let id = credentials?["AccessKeyId"]?.text, let secret = credentials?["SecretAccessKey"]?.text,
            let session = credentials?["SessionToken"]?.text, let end = credentials?["Expiration"]?.text,
            !id.isEmpty, !secret.isEmpty, !session.isEmpty, let expiration = Timestamp.date(end)
        else {
            throw PublishError(.malformed, "\(call): the response has no credentials; check that the endpoint is STS")
        }
        return .session(
            AccessKey(id: id, secret: secret, sessionToken: session, expiration: expiration),
            arn: result?["AssumedRoleUser"]?["Arn"]?.text ?? role.description)
    }

    static func call(_ role: RoleARN) -> String { "sts:AssumeRoleWithWebIdentity for \"\(role)\"" }
}
