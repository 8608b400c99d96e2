import Crypto
import FoundationEssentials
import NIOCore
import NIOSSL
import SwiftASN1
import X509

/// A certificate authority that lives as long as one test, and the leaf it signed for a server on the loopback.
struct ThrowawayAuthority: Sendable {
    let certificatePEM: String
    let tlsConfiguration: TLSConfiguration

    /// - Parameter now: real time, since TLS clients check by it.
    init(now: Date) throws {
        let authorityKey = P256.Signing.PrivateKey()
        let signer = Certificate.PrivateKey(authorityKey)
        let name = try DistinguishedName { CommonName("stand-in kubernetes") }
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
        let names: [GeneralName] =
            ["kubernetes", "kubernetes.default", "kubernetes.default.svc", "localhost"].map { .dnsName($0) }
            + [[127, 0, 0, 1], [UInt8](repeating: 0, count: 15) + [1]].map {
                .ipAddress(ASN1OctetString(contentBytes: $0[...]))
            }
        let leaf = try Certificate(
            version: .v3, serialNumber: .init(), publicKey: Certificate.PublicKey(leafKey.publicKey),
            notValidBefore: now.addingTimeInterval(-300), notValidAfter: now.addingTimeInterval(86_400),
            issuer: name, subject: try DistinguishedName { CommonName("kube-apiserver") },
            signatureAlgorithm: .ecdsaWithSHA256,
            extensions: try Certificate.Extensions {
                Critical(BasicConstraints.notCertificateAuthority)
                Critical(KeyUsage(digitalSignature: true))
                try ExtendedKeyUsage([.serverAuth])
                SubjectAlternativeNames(names)
                AuthorityKeyIdentifier(keyIdentifier: SubjectKeyIdentifier(hash: signer.publicKey).keyIdentifier)
            },
            issuerPrivateKey: signer)

        certificatePEM = try authority.serializeAsPEM().pemString + "\n"
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: [
                .certificate(try NIOSSLCertificate(bytes: Array(leaf.serializeAsPEM().pemString.utf8), format: .pem))
            ],
            privateKey: .privateKey(try NIOSSLPrivateKey(bytes: Array(leafKey.pemRepresentation.utf8), format: .pem)))
        // A client that went away within a reply does not say goodbye. No other is waited for: where the server ends a
        // connection, the client has the whole reply, or the system's buffers have.
        configuration.shutdownTimeout = .milliseconds(200)
        tlsConfiguration = configuration
    }
}
