import Crypto
package import FoundationEssentials
import NIOCore
package import NIOSSL
import SwiftASN1
import X509

/// A certificate authority of one test, and a server certificate that it signed.
package struct TestCertificateAuthority: Sendable {
    package let certificatePEM: String
    package let serverCertificatePEM: String
    package let serverKeyPEM: String
    package let tlsConfiguration: TLSConfiguration

    /// - Parameters:
    ///   - now: the real time, by which TLS clients check.
    ///   - names: DNS names of the server certificate.
    ///   - addresses: IP addresses of the server certificate.
    package init(
        now: Date,
        names: [String] = ["kubernetes", "kubernetes.default", "kubernetes.default.svc", "localhost"],
        addresses: [[UInt8]] = [[127, 0, 0, 1], [UInt8](repeating: 0, count: 15) + [1]]
    ) throws {
        let authorityKey = P256.Signing.PrivateKey()
        let signer = Certificate.PrivateKey(authorityKey)
        let name = try DistinguishedName { CommonName("fake Kubernetes") }
        let authority = try Certificate(
            version: .v3, serialNumber: .init(), publicKey: signer.publicKey,
            notValidBefore: now.addingTimeInterval(-300), notValidAfter: now.addingTimeInterval(86_400),
            issuer: name, subject: name, signatureAlgorithm: .ecdsaWithSHA256,
            extensions: try Certificate.Extensions {
                Critical(BasicConstraints.isCertificateAuthority(maxPathLength: 0))
                Critical(KeyUsage(keyCertSign: true, cRLSign: true))
                SubjectKeyIdentifier(hash: signer.publicKey)
            },
            issuerPrivateKey: signer)

        let leafKey = P256.Signing.PrivateKey()
        let subjects: [GeneralName] =
            names.map { .dnsName($0) } + addresses.map { .ipAddress(ASN1OctetString(contentBytes: $0[...])) }
        let leaf = try Certificate(
            version: .v3, serialNumber: .init(), publicKey: Certificate.PublicKey(leafKey.publicKey),
            notValidBefore: now.addingTimeInterval(-300), notValidAfter: now.addingTimeInterval(86_400),
            issuer: name, subject: try DistinguishedName { CommonName("kube-apiserver") },
            signatureAlgorithm: .ecdsaWithSHA256,
            extensions: try Certificate.Extensions {
                Critical(BasicConstraints.notCertificateAuthority)
                Critical(KeyUsage(digitalSignature: true))
                try ExtendedKeyUsage([.serverAuth])
                SubjectAlternativeNames(subjects)
                AuthorityKeyIdentifier(keyIdentifier: SubjectKeyIdentifier(hash: signer.publicKey).keyIdentifier)
            },
            issuerPrivateKey: signer)

        certificatePEM = try authority.serializeAsPEM().pemString + "\n"
        serverCertificatePEM = try leaf.serializeAsPEM().pemString + "\n"
        serverKeyPEM = leafKey.pemRepresentation
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: [
                .certificate(try NIOSSLCertificate(bytes: Array(serverCertificatePEM.utf8), format: .pem))
            ],
            privateKey: .privateKey(try NIOSSLPrivateKey(bytes: Array(serverKeyPEM.utf8), format: .pem)))
        // A client that went away within a reply does not say goodbye. No other is waited for: where the server ends a
        // connection, the client has the whole reply, or the system's buffers have.
        configuration.shutdownTimeout = .milliseconds(200)
        tlsConfiguration = configuration
    }
}
