import FoundationEssentials
import GatewayPluginAPI
import JSON

/// Calls of the credential services that run beside a container or below an instance: near, small, and by no proxy.
struct MetadataCall: Sendable {
    let transport: any HTTPTransport

    /// A URL's path may be as good as a password, so that errors name its place alone.
    func send(
        _ method: String, _ url: String, headers: [HTTPHeaderField] = []
    ) async throws(PublishError) -> HTTPTransportResponse {
        do {
            return try await transport.send(
                HTTPTransportRequest(
                    method: method, url: url, headers: headers, timeout: 2, maximumResponseBytes: 1 << 16,
                    usesProxy: false))
        } catch {
            throw PublishError(.unavailable, "\(Self.place(of: url)): \(error)")
        }
    }

    static func place(of url: String) -> String {
        guard let end = url.firstRange(of: "://") else { return "the credentials endpoint" }
        return String(url[..<end.upperBound] + url[end.upperBound...].prefix { !"/?#".contains($0) })
    }

    /// The JSON object that both services answer.
    static func key(_ response: HTTPTransportResponse, from url: String) throws(PublishError) -> AccessKey {
        let place = place(of: url)
        switch response.status {
        case 200: break
        case 429: throw PublishError(.throttled, "\(place) answers 429; it is tried again later")
        case 500...599: throw PublishError(.unavailable, "\(place) answers \(response.status); it is tried again")
        default:
            throw PublishError(
                .denied, "\(place) answers \(response.status) in place of credentials; see to the role given there")
        }
        let json = try? JSONDecoder().decode(JSONValue.self, from: Data(response.body))
        func text(_ name: String) -> String? {
            if case .string(let text) = json?[name], !text.isEmpty { return text }
            return nil
        }
        // The instance metadata service says so with a status of 200.
        if let code = text("Code"), code != "Success" {
            throw PublishError(
                .denied, "\(place) gives no credentials: \(Quotation.of(code)); see to the role given there")
        }
        guard let id = text("AccessKeyId"), let secret = text("SecretAccessKey") else {
            throw PublishError(.malformed, "\(place) answers no credentials")
        }
        guard let end = text("Expiration").flatMap(Timestamp.date) else {
            throw PublishError(.malformed, "\(place) answers credentials without their end")
        }
        return AccessKey(id: id, secret: secret, sessionToken: text("Token"), expiration: end)
    }
}
