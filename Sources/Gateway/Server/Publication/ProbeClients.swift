import AsyncHTTPClient
import GatewayCore
import ServiceLifecycle
import Synchronization

/// The HTTP clients of all probes. Probes with the same proxy and the same address override share one.
final class ProbeClients: Service {
    private struct Settings: Hashable {
        let proxy: ProxyAddress?
        /// The address to connect to, by host name; nil where DNS is used.
        let override: [String: String]?
    }

    private let clients = Mutex<[Settings: HTTPClient]>([:])

    /// Returns the client for these settings.
    ///
    /// - Parameter override: the address to connect to for a host name.
    func client(proxy: ProxyAddress?, override: (host: String, address: String)?) -> HTTPClient {
        let settings = Settings(proxy: proxy, override: override.map { [$0.host: $0.address] })
        return clients.withLock { clients in
            if let client = clients[settings] { return client }
            var configuration = HTTPClient.Configuration.plain(proxy: proxy)
            // The certificate is still verified for the host name in the URL.
            if let override = settings.override { configuration.dnsOverride = override }
            let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
            clients[settings] = client
            return client
        }
    }

    func run() async throws {
        try? await gracefulShutdown()
        try await shutdown()
    }

    func shutdown() async throws {
        for client in clients.withLock({ Array($0.values) }) { try await client.shutdown() }
    }
}
