/// The versions and cipher suites of TLS that the listeners offer.
package struct TLSPolicy: Sendable, Equatable {
    package enum Version: String, Sendable, CaseIterable {
        case tls12 = "TLS1.2"
        case tls13 = "TLS1.3"
    }

    /// The cipher suites of TLS 1.2 that HTTP/2 permits (RFC 9113 Appendix A) and the TLS library has, by their names of
    /// the IANA registry.
    package enum Cipher: String, Sendable, CaseIterable {
        case ecdsaAES128 = "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"
        case rsaAES128 = "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"
        case ecdsaAES256 = "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"
        case rsaAES256 = "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"
        case ecdsaChaCha20 = "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"
        case rsaChaCha20 = "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"
    }

    package var minimum: Version
    /// nil for the library's default.
    package var ciphers: [Cipher]?

    package init(minimum: Version, ciphers: [Cipher]?) {
        self.minimum = minimum
        self.ciphers = ciphers
    }
}
