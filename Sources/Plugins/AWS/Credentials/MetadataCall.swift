import FoundationEssentials
import GatewayPluginAPI
import JOSE

/// Calls of the credential services that run beside a container or below an instance: near, small, and by no proxy.
struct MetadataCall: Sendable {
    let transport: any HTTPTransport

    func send(
        _ method: String, _ url: String, headers: [HTTPHeaderField] = []
    ) async throws(PublishError) -> HTTPTransportResponse {
        do {
            return try await transport.send(
                HTTPTransportRequest(
                    method: method, url: url, headers: headers, timeout: 2, maximumResponseBytes: 1 << 16,
                    usesProxy: false))
        } catch {
            throw PublishError(.unavailable, "\(url): \(error)")
        }
    }

    /// The JSON object that both services answer.
    static func key(_ response: HTTPTransportResponse, from url: String) throws(PublishError) -> AccessKey {
        guard response.status == 200 else {
            throw PublishError(
                response.status >= 500 ? .unavailable : .denied, "\(url) answers \(response.status)")
        }
        let json = try? JSONDecoder().decode(JSONValue.self, from: Data(response.body))
        func text(_ name: String) -> String? {
            if case .string(let text) = json?[name], !text.isEmpty { return text }
            return nil
        }
        guard let id = text("AccessKeyId"), let secret = text("SecretAccessKey") else {
            throw PublishError(.malformed, "\(url) answers no credentials")
        }
        guard let end = text("Expiration").flatMap(Timestamp.date) else {
            throw PublishError(.malformed, "\(url) answers credentials without their end")
        }
        return AccessKey(id: id, secret: secret, sessionToken: text("Token"), expiration: end)
    }
}
