package import GatewayPluginAPI
package import JOSE
package import JSON

/// The metadata of an issuer (OpenID Connect Discovery 1.0 §3), without endpoints that the gateway does not have.
package struct DiscoveryDocument: Sendable {
    /// The claims of every issued token.
    static let commonClaimNames = [
        "iss", "aud", "sub", "exp", "nbf", "iat", "jti", "cluster", "namespace", "saname", "kubernetes.io",
    ]

    package let issuer: Issuer
    /// nil for that of the issuer.
    package let keysURL: String?
    package let keys: JSONWebKeySet
    package let privateClaimNames: [String]

    package init(issuer: Issuer, keysURL: String? = nil, keys: JSONWebKeySet, privateClaimNames: [String]) {
        self.issuer = issuer
        self.keysURL = keysURL
        self.keys = keys
        self.privateClaimNames = privateClaimNames
    }

    package var json: JSONValue {
        func strings(_ values: [String]) -> JSONValue { .array(values.map(JSONValue.string)) }
        let algorithms = Set(keys.keys.compactMap { $0.algorithm?.rawValue }).sorted()
        return [
            "issuer": .string(issuer.url),
            "jwks_uri": .string(keysURL ?? issuer.keysURL),
            "response_types_supported": ["id_token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": strings(algorithms),
            "claims_supported": strings(Self.commonClaimNames + privateClaimNames),
        ]
    }
}
