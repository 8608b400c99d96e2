import AsyncHTTPClient
import FoundationEssentials
import GatewayPluginAPI
import ServiceLifecycle

/// The HTTP transport of plugins: through the proxy of the environment where it applies, with the system's CAs or those
/// of the request.
final class PluginTransport: HTTPTransport, Service {
    private let direct: HTTPClient
    private let proxied: HTTPClient?
    private let rules: ProxyRules
    private let trust = TrustConfigurations()
    private let queue = RequestQueue()

    init(rules: ProxyRules) {
        self.rules = rules
        direct = HTTPClient(eventLoopGroupProvider: .singleton, configuration: .plain(proxy: nil))
        proxied = rules.proxy.map {
            HTTPClient(eventLoopGroupProvider: .singleton, configuration: .plain(proxy: $0))
        }
    }

    func run() async throws {
        try? await gracefulShutdown()
        try await shutdown()
    }

    func shutdown() async throws {
        try await direct.shutdown()
        try await proxied?.shutdown()
    }

    func send(_ request: HTTPTransportRequest) async throws(HTTPTransportError) -> HTTPTransportResponse {
        try await HTTPClientTransport(client: client(for: request), trust: trust, queue: queue).send(request)
    }

    private func client(for request: HTTPTransportRequest) -> HTTPClient {
        guard let proxied, request.usesProxy, let url = URL(string: request.url), url.scheme == "https",
            let host = url.host(), rules.proxy(forHost: host, port: url.port ?? 443) != nil
        else { return direct }
        return proxied
    }
}
