import GatewayCore
import GatewayPluginAPI
import HTTPTypes
import Hummingbird

/// The public documents of one endpoint: below its path, and at its issuer's own host name.
struct IssuerRoutes: Sendable {
    /// The endpoint's name.
    let endpoint: String
    let path: PathPrefix
    let issuer: Issuer
    /// The `max-age` of the documents in seconds.
    let maximumAge: Int
    /// Whether pages of any site may read the documents (Fetch, "CORS protocol").
    var allowsAnyOrigin = false
    /// nil before a ring was read.
    let documents: @Sendable () -> IssuerDocuments?
    /// Whether the documents are still served; they are not after a removed endpoint's last token has expired.
    let isServed: @Sendable () -> Bool

    init(
        endpoint: String, path: PathPrefix, issuer: Issuer, maximumAge: Int,
        documents: @escaping @Sendable () -> IssuerDocuments?, isServed: @escaping @Sendable () -> Bool
    ) {
        self.endpoint = endpoint
        self.path = path
        self.issuer = issuer
        self.maximumAge = maximumAge
        self.documents = documents
        self.isServed = isServed
    }

    init(
        configuration: EndpointConfiguration, keys: CurrentSigningKeys,
        isServed: @escaping @Sendable () -> Bool = { true }
    ) {
        self.init(
            endpoint: configuration.name, path: configuration.path, issuer: configuration.issuer,
            maximumAge: configuration.rotation.maximumAge, documents: { keys.snapshot.documents }, isServed: isServed)
        allowsAnyOrigin = configuration.allowsAnyOrigin
    }

    func add(to table: inout RouteTable) {
        let discovery = route(.discovery, \.discovery.representation)
        let certs = route(.certs, \.keys.representation)
        table.add("\(path)\(Issuer.discoveryPath)", discovery)
        for document in issuer.documents where document.isKeySet {
            table.add("\(path)\(document.path)", certs)
            table.add(host: issuer.host, path: issuer.path + document.path, certs)
        }
        table.add("\(path)/issuer-docs", route(.issuerDocs, \.bundle))
        table.add(host: issuer.host, path: issuer.path + Issuer.discoveryPath, discovery)
    }

    private func route(
        _ name: Route.Name, _ document: @escaping @Sendable (IssuerDocuments) -> Representation
    ) -> Route {
        Route(name, endpoint: endpoint, methods: [.get, .head]) {
            [maximumAge, documents, isServed, allowsAnyOrigin] request in
            guard isServed() else { throw RequestError.unknownPath }
            guard let documents = documents() else { throw RequestError.noDocuments }
            var response = Response.cacheable(
                document(documents), contentType: "application/json", maximumAge: maximumAge,
                for: request)
            response.headers[.gateway] = Self.origin
            if allowsAnyOrigin { response.headers[.accessControlAllowOrigin] = "*" }
            return response
        }
    }

    /// The value of ``GatewayHeader/gateway``.
    static let origin = "origin"
}
