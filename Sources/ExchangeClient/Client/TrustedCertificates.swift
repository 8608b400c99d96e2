import COpenSSL
import Glibc

/// The CA certificates that the gateway's certificate may chain to: the configured ones, and those of the gateway's
/// `/ca-bundle`, which are stored in a file so that they survive a restart.
package struct TrustedCertificates: Sendable {
    package static let systemBundle = "/etc/ssl/certs/ca-certificates.crt"
    package static let maximumBytes = 262_144

    /// A PEM file; nil if only `text` is configured.
    package let file: String?
    /// PEM text; nil if only `file` is configured.
    package let text: [UInt8]?
    /// The file that stores the gateway's bundle; nil if the bundle is not read.
    package let cache: String?

    package init(file: String?, text: [UInt8]?, cache: String?) {
        (self.file, self.text, self.cache) = (file, text, cache)
    }

    /// Adds the certificates to a TLS context.
    package func load(into context: OpaquePointer) throws(SidecarError) {
        if let file {
            guard SSL_CTX_load_verify_file(context, file) == 1 else {
                throw SidecarError(
                    .certificate, "\"\(file)\" is not readable or has no certificate in PEM; set --ca-file")
            }
        }
        guard let store = SSL_CTX_get_cert_store(context) else {
            throw SidecarError(.system, "OpenSSL cannot allocate memory")
        }
        if let text {
            guard Self.forEachCertificate(in: text, { X509_STORE_add_cert(store, $0) }) > 0 else {
                throw SidecarError(.certificate, "--ca-certificates: invalid value; expected certificates in PEM")
            }
        }
        if let cache, let stored = try? BoundedFile.read(cache, maximumBytes: Self.maximumBytes) {
            Self.forEachCertificate(in: stored) { X509_STORE_add_cert(store, $0) }
        }
        ERR_clear_error()
    }

    /// Replaces the stored bundle by the one that the gateway serves.
    ///
    /// - Returns: whether the bundle has changed.
    /// - Throws: if the bundle has no certificate, or the file cannot be written.
    package func update(_ bundle: [UInt8]) throws(SidecarError) -> Bool {
        guard let cache else { return false }
        guard Self.forEachCertificate(in: bundle, { _ in }) > 0 else {
            throw SidecarError(.certificate, "the gateway's /ca-bundle has no certificate in PEM")
        }
        if let stored = try? BoundedFile.read(cache, maximumBytes: Self.maximumBytes), stored == bundle { return false }
        try AtomicFile.write(bundle, to: cache, mode: 0o644)
        return true
    }

    /// - Returns: the number of certificates.
    @discardableResult
    package static func forEachCertificate(in pem: [UInt8], _ body: (OpaquePointer) -> Void) -> Int {
        pem.withUnsafeBytes { bytes in
            guard let memory = sidecar_memory(bytes.baseAddress, Int32(bytes.count)) else { return 0 }
            defer { BIO_free(memory) }
            var count = 0
            while let certificate = PEM_read_bio_X509(memory, nil, nil, nil) {
                body(certificate)
                X509_free(certificate)
                count += 1
            }
            ERR_clear_error()
            return count
        }
    }
}
