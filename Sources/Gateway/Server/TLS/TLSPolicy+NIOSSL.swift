import GatewayCore
import NIOSSL

extension TLSPolicy {
    func apply(to configuration: inout TLSConfiguration) {
        configuration.minimumTLSVersion =
            switch minimum {
            case .tls12: .tlsv12
            case .tls13: .tlsv13
            }
        if let ciphers { configuration.cipherSuiteValues = ciphers.map(\.suite) }
    }
}

extension TLSPolicy.Cipher {
    fileprivate var suite: NIOTLSCipher {
        switch self {
        case .ecdsaAES128: .TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256
        case .rsaAES128: .TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256
        case .ecdsaAES256: .TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384
        case .rsaAES256: .TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384
        case .ecdsaChaCha20: .TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256
        case .rsaChaCha20: .TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256
        }
    }
}
