import AsyncHTTPClient
import GatewayCore
import Kubernetes
import ServiceLifecycle
import Synchronization

/// The HTTP clients of all probes. A client has one proxy, and one address for each host name whose address is overridden,
/// so probes share a client unless two of them connect to different addresses of one host.
final class ProbeClients: Service {
    /// How a probe connects.
    struct Route: Hashable {
        let proxy: ProxyAddress?
        let host: String
        /// The address to connect to; nil where DNS is used.
        let address: String?
    }

    private struct Shared {
        let proxy: ProxyAddress?
        /// By host name.
        let addresses: [String: String]
        let client: HTTPClient

        func serves(_ route: Route) -> Bool {
            guard proxy == route.proxy else { return false }
            return route.address == nil ? addresses.isEmpty : addresses[route.host] == route.address
        }
    }

    /// The CAs of `publish.probe.caFile`, parsed once for all endpoints.
    let trust = TrustConfigurations()
    let queue = RequestQueue()
    private let clients = Mutex<[Shared]>([])

    /// How many clients there are.
    var count: Int { clients.withLock { $0.count } }

    /// Creates the clients of these routes: as few as possible for those that no client serves yet.
    func prepare(_ routes: [Route]) {
        clients.withLock { clients in
            var maps: [(proxy: ProxyAddress?, addresses: [String: String])] = []
            for route in Set(routes) {
                guard let address = route.address, !clients.contains(where: { $0.serves(route) }) else { continue }
                let index = maps.firstIndex { $0.proxy == route.proxy && $0.addresses[route.host] == nil }
                if let index {
                    maps[index].addresses[route.host] = address
                } else {
                    maps.append((route.proxy, [route.host: address]))
                }
            }
            clients += maps.map { Self.client(proxy: $0.proxy, addresses: $0.addresses) }
        }
    }

    /// Returns the client of a route.
    func client(_ route: Route) -> HTTPClient {
        clients.withLock { clients in
            if let shared = clients.first(where: { $0.serves(route) }) { return shared.client }
            let shared = Self.client(proxy: route.proxy, addresses: route.address.map { [route.host: $0] } ?? [:])
            clients.append(shared)
            return shared.client
        }
    }

    private static func client(proxy: ProxyAddress?, addresses: [String: String]) -> Shared {
        var configuration = HTTPClient.Configuration.plain(proxy: proxy)
        // The certificate is still verified for the host name in the URL.
        configuration.dnsOverride = addresses
        return Shared(
            proxy: proxy, addresses: addresses,
            client: HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration))
    }

    func run() async throws {
        try? await gracefulShutdown()
        try await shutdown()
    }

    func shutdown() async throws {
        for shared in clients.withLock({ $0 }) { try await shared.client.shutdown() }
    }
}
