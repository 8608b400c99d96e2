package import JOSE

/// Keys that are generated once per process: generating an RSA key is slow.
package enum TestKeys {
    /// RS256, 2048 bits.
    package static let rsa = make(.rs256)
    /// ES256.
    package static let ec = make(.es256)

    private static func make(_ algorithm: SignatureAlgorithm) -> SigningKey {
        do {
            return try SigningKey.generate(algorithm)
        } catch {
            preconditionFailure("cannot generate a test key: \(error)")
        }
    }
}
