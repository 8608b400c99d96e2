import FoundationEssentials
import GatewayCore

extension RouteTable {
    /// The routes of the token listener.
    ///
    /// - Parameters:
    ///   - caBundle: returns the CA bundle in PEM, empty for none; called for each request.
    ///   - limiter: limits token calls; nil for no limits.
    static func tokens(
        _ endpoints: [MountedEndpoint], retired: [RetiredEndpoint] = [],
        removed: RemovedIssuerRoutes? = nil,
        caBundle: @escaping @Sendable () -> String,
        limiter: CallLimiter? = nil,
        clock: @escaping @Sendable () -> Date
    ) -> RouteTable {
        var table = RouteTable()
        // Added first: an endpoint with the same path or issuer overrides a retired one.
        for retired in retired {
            let (endpoint, until) = (retired.endpoint, retired.until)
            IssuerRoutes(configuration: endpoint.configuration, keys: endpoint.keys) { clock() < until }.add(to: &table)
        }
        for endpoint in endpoints {
            TokenRoutes(exchange: endpoint.exchange, keys: endpoint.keys, limiter: limiter, clock: clock).add(
                to: &table)
            IssuerRoutes(configuration: endpoint.configuration, keys: endpoint.keys).add(to: &table)
        }
        CertificateRoutes(bundle: caBundle).add(to: &table)
        if let removed { table.fallback = { removed.route($0) } }
        return table
    }

    /// The routes of the admin listener.
    ///
    /// - Parameter chains: returns the chains of the serving certificates in PEM.
    static func admin(
        _ checks: [AdminRoutes.Check], metrics: MetricsRoutes, status: StatusRoutes,
        chains: @escaping @Sendable () -> [String]
    ) -> RouteTable {
        var table = RouteTable()
        AdminRoutes(checks: checks).add(to: &table)
        metrics.add(to: &table)
        status.add(to: &table)
        ServingCertificateRoutes(chains: chains).add(to: &table)
        return table
    }
}
