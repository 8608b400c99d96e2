import GatewayCore
import HTTPTypes
import Hummingbird

/// `GET /ca-bundle`: what the serving certificates chain to, for clients that have no other way to know.
struct CertificateRoutes: Sendable {
    /// PEM; empty where the served chains hold no issuer.
    let bundle: String

    func add(to table: inout RouteTable) {
        let document = PublishedDocuments.Document(Array(bundle.utf8))
        guard !document.body.isEmpty else { return }
        table.add(
            "/ca-bundle",
            Route(name: "ca-bundle", endpoint: nil, methods: [.get, .head]) { request in
                .cacheable(
                    document.body, contentType: "application/pem-certificate-chain", entityTag: document.entityTag,
                    maximumAge: 300, for: request)
            })
    }
}
