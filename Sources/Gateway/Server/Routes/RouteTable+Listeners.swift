import FoundationEssentials
import GatewayCore

extension RouteTable {
    /// Everything on the token listener.
    ///
    /// - Parameter caBundle: PEM, asked for with each request; empty for none.
    static func tokens(
        _ endpoints: [MountedEndpoint], retired: [RetiredEndpoint] = [],
        caBundle: @escaping @Sendable () -> String,
        clock: @escaping @Sendable () -> Date
    ) -> RouteTable {
        var table = RouteTable()
        // First, so that a path or an issuer that is used again is the new endpoint's.
        for retired in retired {
            let (endpoint, until) = (retired.endpoint, retired.until)
            IssuerRoutes(configuration: endpoint.configuration, keys: endpoint.keys) { clock() < until }.add(to: &table)
        }
        for endpoint in endpoints {
            TokenRoutes(exchange: endpoint.exchange, keys: endpoint.keys, clock: clock).add(to: &table)
            IssuerRoutes(configuration: endpoint.configuration, keys: endpoint.keys).add(to: &table)
        }
        CertificateRoutes(bundle: caBundle).add(to: &table)
        return table
    }

    /// Everything on the admin listener.
    static func admin(_ checks: [AdminRoutes.Check], metrics: MetricsRoutes) -> RouteTable {
        var table = RouteTable()
        AdminRoutes(checks: checks).add(to: &table)
        metrics.add(to: &table)
        return table
    }
}
