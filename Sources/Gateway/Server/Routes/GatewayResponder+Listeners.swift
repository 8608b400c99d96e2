import FoundationEssentials
import GatewayCore
import Logging

extension GatewayResponder {
    /// Everything on the token listener.
    ///
    /// - Parameter caBundle: PEM; empty for none.
    static func tokens(
        endpoints: [MountedEndpoint], caBundle: String, maximumBodyBytes: Int, decisions: DecisionReporting,
        logger: Logger
    ) -> GatewayResponder {
        var table = RouteTable()
        for endpoint in endpoints {
            TokenRoutes(exchange: endpoint.exchange, keys: endpoint.keys, clock: decisions.clock).add(to: &table)
            IssuerRoutes(configuration: endpoint.configuration, keys: endpoint.keys).add(to: &table)
        }
        CertificateRoutes(bundle: caBundle).add(to: &table)
        return GatewayResponder(
            table: table, maximumBodyBytes: maximumBodyBytes, decisions: decisions, logger: logger)
    }

    /// Everything on the admin listener. It runs only once configuration and certificates are loaded.
    static func admin(
        endpoints: [MountedEndpoint], rings: KeyRingReplica, publication: PublicationStatuses, maximumBodyBytes: Int,
        metrics: MetricsRoutes, logger: Logger
    ) -> GatewayResponder {
        var checks = ["configuration", "tls"].map { AdminRoutes.Check(name: $0, isRequired: true) { nil } }
        for name in endpoints.map(\.configuration.name) {
            checks.append(AdminRoutes.Check(name: "keyring/\(name)", isRequired: false) { rings.problem(of: name) })
            checks.append(
                AdminRoutes.Check(name: "publish/\(name)", isRequired: false) { publication[name]?.problem })
        }
        var table = RouteTable()
        AdminRoutes(checks: checks).add(to: &table)
        metrics.add(to: &table)
        return GatewayResponder(table: table, maximumBodyBytes: maximumBodyBytes, decisions: nil, logger: logger)
    }
}
