public import FoundationEssentials
public import GatewayCore
public import Logging

extension GatewayResponder {
    /// Everything on the token listener.
    ///
    /// - Parameter caBundle: PEM; empty for none.
    public static func tokens(
        endpoints: [MountedEndpoint], caBundle: String, maximumBodyBytes: Int, clock: @escaping @Sendable () -> Date,
        logger: Logger
    ) -> GatewayResponder {
        var table = RouteTable()
        for endpoint in endpoints {
            TokenRoutes(exchange: endpoint.exchange, keys: endpoint.keys, clock: clock).add(to: &table)
            IssuerRoutes(configuration: endpoint.configuration, keys: endpoint.keys).add(to: &table)
        }
        CertificateRoutes(bundle: caBundle).add(to: &table)
        return GatewayResponder(table: table, maximumBodyBytes: maximumBodyBytes, logger: logger)
    }

    /// Everything on the admin listener. It runs only once configuration and certificates are loaded.
    public static func admin(
        endpoints: [MountedEndpoint], maximumBodyBytes: Int, logger: Logger
    ) -> GatewayResponder {
        var checks = ["configuration", "tls"].map { AdminRoutes.Check(name: $0, isRequired: true) { nil } }
        for endpoint in endpoints {
            checks.append(
                AdminRoutes.Check(name: "keyring/\(endpoint.configuration.name)", isRequired: false) { [keys = endpoint.keys] in
                    keys.snapshot.failure?.description
                })
        }
        var table = RouteTable()
        AdminRoutes(checks: checks).add(to: &table)
        return GatewayResponder(table: table, maximumBodyBytes: maximumBodyBytes, logger: logger)
    }
}
