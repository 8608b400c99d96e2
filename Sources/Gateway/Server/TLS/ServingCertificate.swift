package import FoundationEssentials
package import NIOSSL
import SwiftASN1
import X509

/// A certificate chain and its key, as a listener serves it, with the names it is good for.
package struct ServingCertificate: Sendable {
    package let chain: [NIOSSLCertificate]
    package let key: NIOSSLPrivateKey
    /// DNS names in lower case; the first label may be `*`.
    package let names: [String]
    /// PEM of the certificates above the leaf; empty where the chain has none.
    package let issuers: String
    /// Of the leaf.
    package let notAfter: Date

    /// - Parameters:
    ///   - chainPEM: the leaf first.
    ///   - keyPEM: the leaf's private key.
    /// - Throws: a ``ServingCertificateError`` in words for the operator.
    package init(chainPEM: String, keyPEM: String) throws(ServingCertificateError) {
        do {
            chain = try NIOSSLCertificate.fromPEMBytes(Array(chainPEM.utf8))
        } catch {
            throw ServingCertificateError("not a certificate chain in PEM")
        }
        do {
            key = try NIOSSLPrivateKey(bytes: Array(keyPEM.utf8), format: .pem)
        } catch {
            throw ServingCertificateError("not an unencrypted private key in PEM")
        }
        guard let first = chain.first else { throw ServingCertificateError("the chain holds no certificate") }
        let leaf: Certificate
        do {
            let der = try first.toDERBytes()
            leaf = try Certificate(derEncoded: der)
        } catch {
            throw ServingCertificateError("the leaf certificate cannot be read")
        }
        guard Self.fits(chain, key) else {
            throw ServingCertificateError("the private key is not the certificate's, or its key usage forbids serving")
        }
        names = Self.names(leaf)
        notAfter = leaf.notValidAfter
        issuers = Self.issuers(chainPEM)
    }

    /// Whether a client that asked for `host` by SNI is served this one (RFC 6125 §6.4.3: a wildcard is one label).
    func serves(_ host: String) -> Bool {
        names.contains { name in
            guard name.hasPrefix("*.") else { return name == host }
            guard let dot = host.firstIndex(of: "."), dot > host.startIndex else { return false }
            return host[dot...] == name.dropFirst()
        }
    }

    /// The TLS library refuses a key that is not the leaf's, and a leaf whose key usage lacks digitalSignature.
    private static func fits(_ chain: [NIOSSLCertificate], _ key: NIOSSLPrivateKey) -> Bool {
        let configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
        return (try? NIOSSLContext(configuration: configuration)) != nil
    }

    private static func names(_ certificate: Certificate) -> [String] {
        guard let names = try? certificate.extensions.subjectAlternativeNames else { return [] }
        return names.compactMap { name in
            if case .dnsName(let dns) = name { dns.lowercased() } else { nil }
        }
    }

    private static func issuers(_ chainPEM: String) -> String {
        PEMCertificates.list(chainPEM).dropFirst().joined()
    }
}

package struct ServingCertificateError: Error, Sendable, Equatable, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }
}
