import GatewayCore
import GatewayPluginAPI
import HTTPTypes
import Hummingbird

/// The public documents of one endpoint: below its path, and on its issuer's own host name.
struct IssuerRoutes: Sendable {
    let configuration: EndpointConfiguration
    let keys: CurrentSigningKeys
    /// Whether there is anything at these paths still.
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
        let discovery = route("discovery", \.discovery)
        let certs = route("certs", \.keys)
        table.add("\(path)\(Issuer.discoveryPath)", discovery)
        table.add("\(path)\(Issuer.keysPath)", certs)
        table.add("\(path)/issuer-docs", route("issuer-docs", \.bundle))
        table.add(host: issuer.host, path: issuer.path + Issuer.discoveryPath, discovery)
        table.add(host: issuer.host, path: issuer.path + Issuer.keysPath, certs)
    }

    private func route(
        _ name: String, _ document: @escaping @Sendable (PublishedDocuments) -> PublishedDocuments.Document
    ) -> Route {
        Route(name: name, endpoint: configuration.name, methods: [.get, .head]) {
            [configuration, keys, isServed] request in
            guard isServed() else { throw RequestRefusal.unknownPath }
            guard let documents = keys.snapshot.documents else { throw RequestRefusal.noDocuments }
            let document = document(documents)
            var response = Response.cacheable(
                document.body, contentType: "application/json", entityTag: document.entityTag,
                maximumAge: configuration.rotation.maximumAge, for: request)
            if let name = HTTPField.Name(Self.markName) { response.headers[name] = Self.mark }
            return response
        }
    }

    /// Says that a gateway answered, and no place that it published to: the probe looks for it.
    static let mark = "origin"
    static let markName = "Sts-Gateway"
}
