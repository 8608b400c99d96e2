import GatewayCore
import HTTPTypes
import Hummingbird
import JSON

/// `GET /ca-bundle`: the certificates that the serving certificates chain to now, for clients outside the cluster.
struct CertificateRoutes: Sendable {
    /// PEM; empty where the serving certificates have no issuer certificate.
    let bundle: @Sendable () -> String

    func add(to table: inout RouteTable) {
        table.add(
            "/ca-bundle",
            Route(.caBundle, methods: [.get, .head]) { [bundle] request in
                let bundle = bundle()
                guard !bundle.isEmpty else { throw RequestError.unknownPath }
                return .cacheable(
                    Representation(Array(bundle.utf8)), contentType: "application/pem-certificate-chain",
                    maximumAge: 300, for: request)
            })
    }
}

/// `GET /serving-certificates` of the admin listener: the chains that token listener and webhook serve, for `doctor`.
struct ServingCertificateRoutes: Sendable {
    /// PEM: first the chain of calls without a known name.
    let chains: @Sendable () -> [String]

    func add(to table: inout RouteTable) {
        table.add(
            ServingChainReview.path,
            Route(.servingCertificates, methods: [.get, .head]) { [chains] _ in
                .json(["chains": .array(chains().map(JSONValue.string))])
            })
    }
}
