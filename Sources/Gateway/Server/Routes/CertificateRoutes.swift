import GatewayCore
import HTTPTypes
import Hummingbird

/// `GET /ca-bundle`: what the serving certificates chain to now, for clients that have no other way to know.
struct CertificateRoutes: Sendable {
    /// PEM; empty where the served chains hold no issuer.
    let bundle: @Sendable () -> String

    func add(to table: inout RouteTable) {
        table.add(
            "/ca-bundle",
            Route(name: "ca-bundle", endpoint: nil, methods: [.get, .head]) { [bundle] request in
                let document = PublishedDocuments.Document(Array(bundle().utf8))
                guard !document.body.isEmpty else { throw RequestRefusal.unknownPath }
                return .cacheable(
                    document.body, contentType: "application/pem-certificate-chain", entityTag: document.entityTag,
                    maximumAge: 300, for: request)
            })
    }
}
