import COpenSSL
import Glibc

/// The certificate authorities that the gateway's certificate may chain to: those configured, and those learned from the
/// gateway's own `/ca-bundle`, which are kept in a file over a restart.
struct TrustedCertificates {
    static let systemBundle = "/etc/ssl/certs/ca-certificates.crt"
    static let maximumBytes = 262_144

    /// A PEM file; nil where the text below is configured alone.
    let file: String?
    /// PEM text.
    let text: [UInt8]?
    /// Where the learned bundle is kept; nil where none is learned.
    let cache: String?

    /// Has a TLS context trust them.
    func load(into context: OpaquePointer) throws(SidecarError) {
        if let file {
            guard SSL_CTX_load_verify_file(context, file) == 1 else {
                throw SidecarError("\"\(file)\" holds no certificates in PEM, or cannot be read; set --ca-file")
            }
        }
        guard let store = SSL_CTX_get_cert_store(context) else { throw SidecarError("OpenSSL has no memory") }
        if let text {
            guard Self.eachCertificate(in: text, { X509_STORE_add_cert(store, $0) }) > 0 else {
                throw SidecarError("--ca-certificates holds no certificate in PEM")
            }
        }
        if let cache, let learned = try? BoundedFile.read(cache, maximumBytes: Self.maximumBytes) {
            Self.eachCertificate(in: learned) { X509_STORE_add_cert(store, $0) }
        }
        ERR_clear_error()
    }

    /// Keeps a bundle that the gateway serves, in place of the one before.
    ///
    /// - Returns: whether it differs from what was kept.
    func learn(_ bundle: [UInt8]) throws(SidecarError) -> Bool {
        guard let cache else { return false }
        guard Self.eachCertificate(in: bundle, { _ in }) > 0 else {
            throw SidecarError("the gateway's /ca-bundle holds no certificate in PEM")
        }
        if let kept = try? BoundedFile.read(cache, maximumBytes: Self.maximumBytes), kept == bundle { return false }
        try WholeFile.write(bundle, to: cache, mode: 0o644)
        return true
    }

    /// - Returns: how many certificates there are.
    @discardableResult
    static func eachCertificate(in pem: [UInt8], _ body: (OpaquePointer) -> Void) -> Int {
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
