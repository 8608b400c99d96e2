package import FoundationEssentials
package import NIOSSL
import SwiftASN1
import X509

/// A certificate chain and its private key for a listener, with the subject alternative names.
package struct ServingCertificate: Sendable {
    package let chain: [NIOSSLCertificate]
    package let key: NIOSSLPrivateKey
    /// DNS names in lower case; the first label may be `*`.
    package let names: [String]
    /// The CA certificates of the chain in PEM; empty where it has none.
    package let issuers: String
    /// The whole chain in PEM, the serving certificate first.
    package let chainPEM: String
    /// The end of the validity of the serving certificate.
    package let notAfter: Date
    /// The latest beginning of the validity of a certificate of the chain.
    package let notBefore: Date

    /// - Parameters:
    ///   - chainPEM: the serving certificate first.
    ///   - keyPEM: the private key of the serving certificate.
    /// - Throws: a ``ServingCertificateError`` for the operator.
    package init(chainPEM: String, keyPEM: String) throws(ServingCertificateError) {
        do {
            chain = try NIOSSLCertificate.fromPEMBytes(Array(chainPEM.utf8))
        } catch {
            throw ServingCertificateError("invalid certificate chain; expected PEM")
        }
        do {
            key = try NIOSSLPrivateKey(bytes: Array(keyPEM.utf8), format: .pem)
        } catch {
            throw ServingCertificateError("invalid private key; expected an unencrypted key in PEM")
        }
        guard let first = chain.first else { throw ServingCertificateError("the certificate chain is empty") }
        let serving: Certificate
        do {
            let der = try first.toDERBytes()
            serving = try Certificate(derEncoded: der)
        } catch {
            throw ServingCertificateError("invalid serving certificate; expected X.509")
        }
        guard Self.isAccepted(chain, key) else {
            throw ServingCertificateError(
                "the private key does not belong to the certificate, or the key usage lacks digitalSignature")
        }
        names = Self.names(serving)
        self.chainPEM = PEMCertificates.joined([chainPEM])
        notAfter = serving.notValidAfter
        let issuing = chain.dropFirst().compactMap { certificate in
            (try? certificate.toDERBytes()).flatMap { try? Certificate(derEncoded: $0) }?.notValidBefore
        }
        notBefore = issuing.reduce(serving.notValidBefore, max)
        issuers = Self.issuers(chainPEM)
    }

    /// Whether the certificate is valid for the SNI name `host` (RFC 6125 §6.4.3: a wildcard matches one label).
    func serves(_ host: String) -> Bool { Self.match(names, host) }

    /// Whether one of the names is `host`.
    static func match(_ names: [String], _ host: String) -> Bool {
        names.contains { name in
            guard name.hasPrefix("*.") else { return name == host }
            guard let dot = host.firstIndex(of: "."), dot > host.startIndex else { return false }
            return host[dot...] == name.dropFirst()
        }
    }

    /// Whether the TLS library accepts the pair: the key belongs to the certificate, whose key usage has
    /// digitalSignature.
    private static func isAccepted(_ chain: [NIOSSLCertificate], _ key: NIOSSLPrivateKey) -> Bool {
        let configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
        return (try? NIOSSLContext(configuration: configuration)) != nil
    }

    /// The DNS names of a certificate, in lower case.
    static func names(_ certificate: Certificate) -> [String] {
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
