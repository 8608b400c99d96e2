import CLibCrypto
import Synchronization

/// An RSA private key that signs with RSASSA-PKCS1-v1_5 (RFC 8017 §8.2) by OpenSSL's libcrypto, which has faster RSA than
/// BoringSSL on processors with AVX-512 IFMA. libcrypto computes in constant time, with blinding, and checks each
/// signature against faults before it returns it.
///
/// The key is parsed and the digest fetched once; each signature copies the context that was prepared with them.
package final class RSASigner: Sendable {
    /// A hash function.
    package enum Digest: String, Sendable {
        case sha256 = "SHA256"
        case sha384 = "SHA384"
        case sha512 = "SHA512"
    }

    /// What each signature copies. The copies sign beside each other: libcrypto counts references to the key atomically
    /// and locks its blinding.
    private let prepared: Mutex<PreparedContext>
    /// The length of the modulus and of each signature, in bytes.
    package let signatureLength: Int

    /// Reads a private key in DER: RSAPrivateKey (RFC 8017 §A.1.2) or PKCS#8 (RFC 5208). The caller owns the bytes and
    /// their removal.
    ///
    /// - Returns: nil where the bytes are not an RSA private key.
    package init?(der: borrowing [UInt8], digest algorithm: Digest) {
        guard let prepared = PreparedContext(der: der, digest: algorithm) else { return nil }
        signatureLength = prepared.signatureLength
        self.prepared = Mutex(prepared)
    }

    /// Signs a message.
    ///
    /// - Returns: the signature, ``signatureLength`` bytes; nil where libcrypto fails, as without memory.
    package func signature(of message: [UInt8]) -> [UInt8]? {
        defer { ERR_clear_error() }
        guard let copy = prepared.withLock({ $0.copy() }) else { return nil }
        let length = signatureLength
        let signature = [UInt8](unsafeUninitializedCapacity: length) { buffer, count in
            var written = length
            if EVP_DigestSign(copy.pointer, buffer.baseAddress, &written, message, message.count) == 1 {
                count = written
            }
        }
        return signature.count == length ? signature : nil
    }
}

/// A context of libcrypto (EVP_MD_CTX) with a key and a digest, freed with this value.
private struct PreparedContext: ~Copyable {
    let pointer: OpaquePointer
    let signatureLength: Int

    init?(der: borrowing [UInt8], digest algorithm: RSASigner.Digest) {
        guard Self.isStarted, let context = EVP_MD_CTX_new() else { return nil }
        let key = der.withUnsafeBufferPointer { bytes in
            var start = bytes.baseAddress
            return d2i_AutoPrivateKey(nil, &start, bytes.count)
        }
        let digest = EVP_MD_fetch(nil, algorithm.rawValue, nil)
        // The context keeps references to both.
        defer {
            EVP_PKEY_free(key)
            EVP_MD_free(digest)
            ERR_clear_error()
        }
        guard let key, let digest, EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA,
            EVP_DigestSignInit(context, nil, digest, nil, key) == 1
        else {
            EVP_MD_CTX_free(context)
            return nil
        }
        pointer = context
        signatureLength = Int(EVP_PKEY_get_size(key))
    }

    /// A context with the same key and digest.
    private init?(copying other: borrowing PreparedContext) {
        guard let context = EVP_MD_CTX_new() else { return nil }
        guard EVP_MD_CTX_copy_ex(context, other.pointer) == 1 else {
            EVP_MD_CTX_free(context)
            return nil
        }
        pointer = context
        signatureLength = other.signatureLength
    }

    deinit { EVP_MD_CTX_free(pointer) }

    func copy() -> PreparedContext? { PreparedContext(copying: self) }

    private static let isStarted = sts_crypto_start() == 1
}

/// Overwrites bytes of a private key with zeros, in a way that the compiler keeps.
package func cleanse(_ bytes: inout [UInt8]) {
    bytes.withUnsafeMutableBytes { OPENSSL_cleanse($0.baseAddress, $0.count) }
}
