import Crypto
public import FoundationEssentials
import SwiftASN1
import X509

/// The gateway's own certificate authority, for a listener without configured certificates: its key signs the leaf that
/// is served, and its certificate is what clients trust.
public struct ServingAuthority: Sendable {
    private let certificate: Certificate
    private let key: P256.Signing.PrivateKey

    /// The authority's life in seconds: ten years.
    static let lifetime = 10.0 * 365 * 86_400
    /// A leaf's life in seconds: one year; a new one is made at each start.
    static let leafLifetime = 365.0 * 86_400

    /// A new authority.
    public init(from now: Date) throws {
        key = P256.Signing.PrivateKey()
        let name = try DistinguishedName { CommonName("sts-gateway serving CA") }
        let signer = Certificate.PrivateKey(key)
        certificate = try Certificate(
            version: .v3, serialNumber: .init(), publicKey: signer.publicKey,
            notValidBefore: now.addingTimeInterval(-300), notValidAfter: now.addingTimeInterval(Self.lifetime),
            issuer: name, subject: name, signatureAlgorithm: .ecdsaWithSHA256,
            extensions: try Certificate.Extensions {
                Critical(BasicConstraints.isCertificateAuthority(maxPathLength: 0))
                Critical(KeyUsage(keyCertSign: true, cRLSign: true))
                SubjectKeyIdentifier(hash: signer.publicKey)
            },
            issuerPrivateKey: signer)
    }

    /// The authority that was kept.
    public init(certificatePEM: String, keyPEM: String) throws {
        certificate = try Certificate(pemEncoded: certificatePEM)
        key = try P256.Signing.PrivateKey(pemRepresentation: keyPEM)
    }

    public var certificatePEM: String {
        get throws { try certificate.serializeAsPEM().pemString + "\n" }
    }

    /// For the authority's store only.
    public var keyPEM: String { key.pemRepresentation + "\n" }

    /// Makes a leaf.
    ///
    /// - Parameters:
    ///   - names: DNS names; the first is the common name.
    ///   - addresses: IP addresses as 4 or 16 bytes.
    public func issue(names: [String], addresses: [[UInt8]], from now: Date) throws -> ServingCertificate {
        let leafKey = P256.Signing.PrivateKey()
        let alternatives: [GeneralName] =
            names.map { .dnsName($0) } + addresses.map { .ipAddress(ASN1OctetString(contentBytes: $0[...])) }
        let leaf = try Certificate(
            version: .v3, serialNumber: .init(), publicKey: Certificate.PublicKey(leafKey.publicKey),
            notValidBefore: now.addingTimeInterval(-300), notValidAfter: now.addingTimeInterval(Self.leafLifetime),
            issuer: certificate.subject, subject: try DistinguishedName { CommonName(names.first ?? "sts-gateway") },
            signatureAlgorithm: .ecdsaWithSHA256,
            extensions: try Certificate.Extensions {
                Critical(BasicConstraints.notCertificateAuthority)
                Critical(KeyUsage(digitalSignature: true))
                try ExtendedKeyUsage([.serverAuth])
                SubjectAlternativeNames(alternatives)
                AuthorityKeyIdentifier(keyIdentifier: SubjectKeyIdentifier(hash: certificate.publicKey).keyIdentifier)
            },
            issuerPrivateKey: Certificate.PrivateKey(key))
        return try ServingCertificate(
            chainPEM: try leaf.serializeAsPEM().pemString + "\n" + certificatePEM, keyPEM: leafKey.pemRepresentation)
    }
}
