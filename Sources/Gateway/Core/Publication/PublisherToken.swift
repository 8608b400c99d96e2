package import FoundationEssentials
import GatewayPluginAPI
package import JOSE
import JSON

/// The gateway's self-issued web identity: a relying party that trusts the endpoint's issuer can permit it to publish. No
/// template and no rule applies to it, and no workload can get a token with its `sub`.
package enum PublisherToken {
    /// The maximum token lifetime, in seconds.
    static let maximumTokenLifetime = 300

    /// The token's `sub`.
    package static func subject(cluster: String, endpoint: String) -> String {
        "\(IssuedClaims.reservedSubjectPrefix)publisher:\(cluster):\(endpoint)"
    }

    /// The `sub` of a trial exchange, which nothing is granted to.
    package static func trialSubject(cluster: String, endpoint: String) -> String {
        "\(IssuedClaims.reservedSubjectPrefix)probe:\(cluster):\(endpoint)"
    }

    /// Issues a token for one trial exchange, which shows that a relying party can verify a key before it signs anything
    /// else.
    ///
    /// - Parameter keyID: the key that signs next.
    /// - Returns: nil where the ring has no such key, or it does not sign next.
    package static func trial(
        _ configuration: EndpointConfiguration, keys: SigningKeySnapshot, keyID: KeyID, at now: Date, tokenID: TokenID
    ) -> String? {
        guard let key = keys.keys.first(where: { $0.keyID == keyID }), key.state == .prepared || key.state == .published
        else { return nil }
        let endpoint = configuration.endpoint
        return sign(
            configuration, key, subject: trialSubject(cluster: endpoint.cluster, endpoint: endpoint.name), at: now,
            tokenID)
    }

    /// Issues a token, signed with the active key, or after a revocation with its successor.
    ///
    /// - Returns: the token in compact form; nil where no key may sign it.
    package static func issue(
        _ configuration: EndpointConfiguration, keys: SigningKeySnapshot, at now: Date, tokenID: TokenID
    ) -> String? {
        guard let key = keys.publisherKey else { return nil }
        let endpoint = configuration.endpoint
        return sign(
            configuration, key, subject: subject(cluster: endpoint.cluster, endpoint: endpoint.name), at: now, tokenID)
    }

    private static func sign(
        _ configuration: EndpointConfiguration, _ key: KeyRing.Key, subject: String, at now: Date, _ tokenID: TokenID
    ) -> String? {
        let endpoint = configuration.endpoint
        let issued = Int(now.timeIntervalSince1970)
        let lifetime = min(maximumTokenLifetime, configuration.token.timeToLive)
        var claims: [JSONValue.Member] = [
            .init("iss", .string(endpoint.issuer.url)),
            .init(
                "aud",
                endpoint.audiences.count == 1
                    ? .string(endpoint.audiences[0]) : .array(endpoint.audiences.map(JSONValue.string))),
            .init("sub", .string(subject)),
            .init("exp", .integer(issued + lifetime)),
            .init("nbf", .integer(issued - IssuedClaims.notBeforeLeeway)),
            .init("iat", .integer(issued)),
        ]
        if configuration.token.hasTokenID { claims.append(.init("jti", .string(tokenID.rawValue))) }
        claims.append(.init("cluster", .string(endpoint.cluster)))
        return try? SignedJWT.sign(.object(claims), with: key.signingKey, type: configuration.token.type)
    }
}
