extension SigningKeySnapshot {
    /// Creates the snapshot of an endpoint's ring.
    package convenience init(ring: KeyRing, of configuration: EndpointConfiguration) {
        self.init(
            ring: ring, issuer: configuration.issuer, keysURL: configuration.keysURL,
            privateClaimNames: configuration.token.claims.map(\.name),
            readingDue: ring.readingDue(configuration.rotationPolicy))
    }
}
