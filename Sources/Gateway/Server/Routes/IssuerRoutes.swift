import GatewayCore
import GatewayPluginAPI
import HTTPTypes
import Hummingbird

/// The public documents of one endpoint: below its path, and at its issuer's own host name.
struct IssuerRoutes: Sendable {
    let configuration: EndpointConfiguration
    let keys: CurrentSigningKeys
    /// Whether the documents are still served; they are not after a removed endpoint's last token has expired.
    let isServed: @Sendable () -> Bool

    init(
        configuration: EndpointConfiguration, keys: CurrentSigningKeys,
        isServed: @escaping @Sendable () -> Bool = { true }
    ) {
        self.configuration = configuration
        self.keys = keys
        self.isServed = isServed
    }

    func add(to table: inout RouteTable) {
        let path = configuration.path
        let issuer = configuration.issuer
        let discovery = route(.discovery, \.discovery.representation)
        let certs = route(.certs, \.keys.representation)
        table.add("\(path)\(Issuer.discoveryPath)", discovery)
        table.add("\(path)\(Issuer.keysPath)", certs)
        table.add("\(path)/issuer-docs", route(.issuerDocs, \.bundle))
        table.add(host: issuer.host, path: issuer.path + Issuer.discoveryPath, discovery)
        table.add(host: issuer.host, path: issuer.path + Issuer.keysPath, certs)
    }

    private func route(
        _ name: Route.Name, _ document: @escaping @Sendable (IssuerDocuments) -> Representation
    ) -> Route {
        Route(name, endpoint: configuration.name, methods: [.get, .head]) {
            [configuration, keys, isServed] request in
            guard isServed() else { throw RequestError.unknownPath }
            guard let documents = keys.snapshot.documents else { throw RequestError.noDocuments }
            var response = Response.cacheable(
                document(documents), contentType: "application/json", maximumAge: configuration.rotation.maximumAge,
                for: request)
            response.headers[.gateway] = Self.origin
            return response
        }
    }

    /// The value of ``GatewayHeader/gateway``.
    static let origin = "origin"
}
