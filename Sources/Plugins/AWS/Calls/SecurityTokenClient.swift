import AWSXML
import FoundationEssentials
import GatewayPluginAPI

/// `AssumeRoleWithWebIdentity` (STS API Reference 2011-06-15): a token for a role's temporary credentials. The call is
/// not signed.
struct SecurityTokenClient: Sendable {
    let endpoint: ServiceEndpoint
    let transport: any HTTPTransport
    /// PEM, in place of the system's authorities; nil for those.
    let authorities: @Sendable () throws(PublishError) -> String?

    /// What became of a call.
    enum Answer: Sendable {
        case session(AccessKey)
        case refused(ServiceError)
    }

    /// - Parameter token: goes into the body, and nowhere else.
    func assume(_ role: RoleARN, sessionName: String, token: String) async throws(PublishError) -> Answer {
        let fields = [
            ("Action", "AssumeRoleWithWebIdentity"), ("Version", "2011-06-15"), ("RoleArn", role.description),
            ("RoleSessionName", sessionName), ("DurationSeconds", "3600"), ("WebIdentityToken", token),
        ]
        let body = fields.map { "\($0.0)=\(PercentEncoding.encode($0.1.utf8))" }.joined(separator: "&")
        let request = HTTPTransportRequest(
            method: "POST", url: "\(endpoint.url)/",
            headers: [
                HTTPHeaderField("Content-Type", "application/x-www-form-urlencoded"),
                HTTPHeaderField("Accept", "text/xml"),
            ], body: Array(body.utf8), maximumResponseBytes: 1 << 16, certificateAuthorities: try authorities())
        let call = Self.call(role)
        let response: HTTPTransportResponse
        do {
            response = try await transport.send(request)
        } catch {
            throw PublishError(error, calling: call)
        }
        guard (200..<300).contains(response.status) else { return .refused(ServiceError(response)) }
        let root: XMLElement
        do {
            root = try XMLElement(parsing: response.body)
        } catch {
            throw PublishError(
                .malformed, "\(call): the answer is not STS' XML, but \(error); is there a proxy in between?")
        }
        let credentials = root["AssumeRoleWithWebIdentityResult"]?["Credentials"]
        guard let id = credentials?["AccessKeyId"]?.text, let secret = credentials?["SecretAccessKey"]?.text,
            let session = credentials?["SessionToken"]?.text, let end = credentials?["Expiration"]?.text,
            !id.isEmpty, !secret.isEmpty, !session.isEmpty, let expiration = Timestamp.date(end)
        else { throw PublishError(.malformed, "\(call): the answer lacks credentials; is it STS that answers?") }
        return .session(AccessKey(id: id, secret: secret, sessionToken: session, expiration: expiration))
    }

    static func call(_ role: RoleARN) -> String { "sts:AssumeRoleWithWebIdentity for \"\(role)\"" }
}
