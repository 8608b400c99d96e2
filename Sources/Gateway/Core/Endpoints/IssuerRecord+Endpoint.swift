import JSON

extension KeyRing.IssuerRecord {
    /// The record of a configured endpoint. It has the longest retention of all tokens that the ring has signed.
    package init(_ configuration: EndpointConfiguration, ring: KeyRing) {
        let longest = ring.keys.map(\.maximumTokenLifetime).max() ?? 0
        let discovery = DiscoveryDocument(
            issuer: configuration.issuer, keysURL: configuration.keysURL, keys: ring.publicKeys,
            privateClaimNames: configuration.token.claims.map(\.name))
        self.init(
            issuer: configuration.issuer, path: "\(configuration.path)",
            discovery: String(decoding: discovery.json.utf8Text, as: UTF8.self),
            maxAge: configuration.rotation.maximumAge,
            retention: configuration.rotationPolicy.retention(
                maximumTokenLifetime: max(longest, configuration.token.timeToLive)))
    }
}
