import GatewayCore
import Testing

@testable import GatewayServer

@Suite struct ProbeClientsTests {
    private func route(_ host: String, _ address: String? = nil, proxy: String? = nil) -> ProbeClients.Route {
        .init(proxy: proxy.flatMap { ProxyAddress($0) }, host: host, address: address)
    }

    @Test func `thousands of probes with addresses of their own share a client`() async throws {
        let clients = ProbeClients()
        let routes = (0..<2_000).map { route("issuer-\($0).example.com", "10.0.0.\($0 % 250)") }
        clients.prepare(routes)
        #expect(clients.count == 1)
        let client = clients.client(routes[0])
        #expect(routes.allSatisfy { clients.client($0) === client })
        clients.prepare(routes + [route("new.example.com", "10.0.0.1")])
        #expect(clients.count == 2)
        #expect(clients.client(routes[1]) === client)
        try await clients.shutdown()
    }

    @Test func `probes that connect differently have different clients`() async throws {
        let clients = ProbeClients()
        let routes = [
            route("a.example.com"), route("a.example.com", "10.0.0.1"), route("a.example.com", "10.0.0.2"),
            route("a.example.com", proxy: "http://proxy.example.com:3128"),
        ]
        clients.prepare(routes)
        let different = Set(routes.map { ObjectIdentifier(clients.client($0)) })
        #expect(different.count == routes.count && clients.count == routes.count)
        // DNS is used for a host without an address, also where another probe overrides that host.
        #expect(clients.client(route("b.example.com")) === clients.client(routes[0]))
        #expect(clients.client(route("b.example.com", "10.0.0.1")) !== clients.client(routes[0]))
        try await clients.shutdown()
    }
}
