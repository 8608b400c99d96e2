import AsyncHTTPClient
import GatewayCore
import ServiceLifecycle
import Synchronization

/// The HTTP clients of all probes: one for each way out, since a client costs memory and hundreds of endpoints have the
/// same.
final class ProbeClients: Service {
    private struct Way: Hashable {
        let proxy: ProxyAddress?
        /// A host's name, and the address that is called in place of its own; nil for none.
        let override: [String: String]?
    }

    private let clients = Mutex<[Way: HTTPClient]>([:])

    /// - Parameter override: the address to connect to for a host's name.
    func client(proxy: ProxyAddress?, override: (host: String, address: String)?) -> HTTPClient {
        let way = Way(proxy: proxy, override: override.map { [$0.host: $0.address] })
        return clients.withLock { clients in
            if let known = clients[way] { return known }
            var configuration = HTTPClient.Configuration.plain(proxy: proxy)
            // The URL keeps the name that the certificate must have; the connection goes elsewhere.
            if let override = way.override { configuration.dnsOverride = override }
            let made = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
            clients[way] = made
            return made
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
