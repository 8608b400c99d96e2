package import JOSE

/// Keys made once per process: an RSA key takes long to make.
package enum TestKeys {
    /// RS256, 2048 bits.
    package static let rsa = make(.rs256)
    /// ES256.
    package static let ec = make(.es256)

    private static func make(_ algorithm: SignatureAlgorithm) -> SigningKey {
        do {
            return try SigningKey.generate(algorithm)
        } catch {
            preconditionFailure("no test key could be made: \(error)")
        }
    }
}
