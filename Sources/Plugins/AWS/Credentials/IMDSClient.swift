import FoundationEssentials
import GatewayPluginAPI
import JSON

/// A client of the instance metadata service (IMDS) and of the container credentials endpoint: short timeout, no proxy.
struct IMDSClient: Sendable {
    let transport: any HTTPTransport

    /// Errors name only scheme and authority of the URL: its path may be a secret.
    func send(
        _ method: String, _ url: String, headers: [HTTPHeaderField] = []
    ) async throws(PublishError) -> HTTPTransportResponse {
        do {
            return try await transport.send(
                HTTPTransportRequest(
                    method: method, url: url, headers: headers, timeout: 2, maximumResponseBytes: 1 << 16,
                    usesProxy: false))
        } catch {
            throw PublishError(.unavailable, "\(Self.origin(of: url)): \(error)")
        }
    }

    static func origin(of url: String) -> String {
        guard let end = url.firstRange(of: "://") else { return "the credentials endpoint" }
        return String(url[..<end.upperBound] + url[end.upperBound...].prefix { !"/?#".contains($0) })
    }

    /// Reads the JSON object that both services return.
    static func key(_ response: HTTPTransportResponse, from url: String) throws(PublishError) -> AccessKey {
        let origin = origin(of: url)
        switch response.status {
        case 200: break
        case 429: throw PublishError(.throttled, "\(origin) responds 429; the gateway tries again later")
        case 500...599:
            throw PublishError(.unavailable, "\(origin) responds \(response.status); the gateway tries again")
        default:
            throw PublishError(
                .denied,
                "\(origin) responds \(response.status) instead of credentials; check the role that is assigned there")
        }
        let json = try? JSONValue(parsing: response.body)
        func text(_ name: String) -> String? {
            if case .string(let text) = json?[name], !text.isEmpty { return text }
            return nil
        }
        // IMDS returns errors with the status 200.
        if let code = text("Code"), code != "Success" {
            throw PublishError(
                .denied,
                "\(origin) returned no credentials: \(Quotation.of(code)); check the role that is assigned there")
        }
        guard let id = text("AccessKeyId"), let secret = text("SecretAccessKey") else {
            throw PublishError(.malformed, "\(origin) returned no credentials")
        }
        guard let end = text("Expiration").flatMap(Timestamp.date) else {
            throw PublishError(.malformed, "\(origin) returned credentials without Expiration")
        }
        return AccessKey(id: id, secret: secret, sessionToken: text("Token"), expiration: end)
    }
}
