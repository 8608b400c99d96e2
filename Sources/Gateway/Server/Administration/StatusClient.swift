import AsyncHTTPClient
import FoundationEssentials
package import GatewayCore
import GatewayPluginAPI

/// Reads `/status` of a running gateway.
package struct StatusClient: Sendable {
    /// Why there is no status.
    package struct Failure: Error, CustomStringConvertible {
        package let description: String
        package let code: ErrorCode
    }

    /// The maximum size of a response, in bytes.
    private static let maximumLength = 32 << 20

    private let url: String
    private let service = HTTPClientService()

    /// - Parameter address: of the admin listener, such as `localhost:9090`.
    package init(address: String) { url = "http://\(address)/status" }

    /// Closes the HTTP client; must be called.
    package func close() async { try? await service.client.shutdown() }

    /// - Returns: the report for a terminal, or as JSON.
    package func read(isJSON: Bool) async throws(Failure) -> String {
        let reply: HTTPExchange.Reply
        do throws(HTTPTransportError) {
            reply = try await HTTPExchange.run(
                HTTPClient.Request(url: "\(url)?format=\(isJSON ? "json" : "text")"), on: service.client, seconds: 10,
                limit: Self.maximumLength)
        } catch {
            throw Failure(
                description: "\(url) cannot be read: \(error); use kubectl port-forward pod/NAME 9090, or --address",
                code: .statusUnreachable)
        }
        let text = String(decoding: reply.body, as: UTF8.self)
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map {
            StatusReport.printable(String($0))
        }
        guard reply.status == 200 else {
            throw Failure(
                description: "\(url) responds with \(reply.status): \(lines.joined(separator: " "))",
                code: .statusUnreachable
            )
        }
        return lines.joined(separator: "\n")
    }
}
