import Crypto
package import FoundationEssentials
package import GatewayCore
import SwiftASN1
import X509

/// One of the gateway's own certificate authorities: its key signs the leaf that is served, and its certificate is what
/// clients trust.
package struct SelfSignedCA: Sendable {
    private let certificate: Certificate
    private let key: P256.Signing.PrivateKey

    /// Seconds by which a certificate is good before it was made, for clocks that are behind.
    static let leeway = 300.0

    /// A new authority.
    ///
    /// - Parameters:
    ///   - constraint: what it may sign for, in its certificate (RFC 5280 §4.2.1.10, critical); nil for anything.
    ///   - lifetime: seconds.
    package init(
        from now: Date, constraint: NameConstraint? = nil, lifetime: Double = 10 * 365 * 86_400
    ) throws {
        key = P256.Signing.PrivateKey()
        let signer = Certificate.PrivateKey(key)
        let identifier = SubjectKeyIdentifier(hash: signer.publicKey)
        // Each has a name of its own, so that a verifier that knows several finds the right one.
        let suffix = identifier.keyIdentifier.prefix(4).map { byte in
            byte < 16 ? "0" + String(byte, radix: 16) : String(byte, radix: 16)
        }.joined()
        let name = try DistinguishedName { CommonName("sts-gateway serving CA \(suffix)") }
        certificate = try Certificate(
            version: .v3, serialNumber: .init(), publicKey: signer.publicKey,
            notValidBefore: now.addingTimeInterval(-Self.leeway), notValidAfter: now.addingTimeInterval(lifetime),
            issuer: name, subject: name, signatureAlgorithm: .ecdsaWithSHA256,
            extensions: try Certificate.Extensions {
                Critical(BasicConstraints.isCertificateAuthority(maxPathLength: 0))
                Critical(KeyUsage(keyCertSign: true, cRLSign: true))
                if let constraint { Critical(Self.nameConstraints(constraint)) }
                identifier
            },
            issuerPrivateKey: signer)
    }

    /// The authority that was kept.
    ///
    /// - Throws: where one of them cannot be read, or the key is not the certificate's.
    package init(certificatePEM: String, keyPEM: String) throws {
        certificate = try Certificate(pemEncoded: certificatePEM)
        key = try P256.Signing.PrivateKey(pemRepresentation: keyPEM)
        guard certificate.publicKey == Certificate.PublicKey(key.publicKey) else {
            throw ServingCertificateError("the private key is not the authority's")
        }
    }

    package var certificatePEM: String {
        get throws { try certificate.serializeAsPEM().pemString + "\n" }
    }

    /// For the authority's store only.
    package var keyPEM: String { key.pemRepresentation + "\n" }

    package var notBefore: Date { certificate.notValidBefore }
    package var notAfter: Date { certificate.notValidAfter }

    /// Makes a leaf.
    ///
    /// - Parameters:
    ///   - end: of its life; never after the authority's own.
    package func sign(_ names: CertificateNames, from now: Date, to end: Date) throws -> ServingIdentity.Leaf {
        let leafKey = P256.Signing.PrivateKey()
        let alternatives: [GeneralName] =
            names.dns.map { .dnsName($0) }
            + names.addresses.map { .ipAddress(ASN1OctetString(contentBytes: $0[...])) }
        let leaf = try Certificate(
            version: .v3, serialNumber: .init(), publicKey: Certificate.PublicKey(leafKey.publicKey),
            notValidBefore: max(now.addingTimeInterval(-Self.leeway), notBefore), notValidAfter: min(end, notAfter),
            issuer: certificate.subject, subject: try DistinguishedName { CommonName("sts-gateway") },
            signatureAlgorithm: .ecdsaWithSHA256,
            extensions: try Certificate.Extensions {
                Critical(BasicConstraints.notCertificateAuthority)
                Critical(KeyUsage(digitalSignature: true))
                try ExtendedKeyUsage([.serverAuth])
                SubjectAlternativeNames(alternatives)
                AuthorityKeyIdentifier(keyIdentifier: SubjectKeyIdentifier(hash: certificate.publicKey).keyIdentifier)
            },
            issuerPrivateKey: Certificate.PrivateKey(key))
        return ServingIdentity.Leaf(
            certificatePEM: try leaf.serializeAsPEM().pemString + "\n",
            key: ServingIdentity.PrivateKey(pem: leafKey.pemRepresentation + "\n"), names: names,
            notBefore: leaf.notValidBefore, notAfter: leaf.notValidAfter)
    }

    /// Where it may sign for no address, that is said by excluding them all. Where it may, nothing is said of them:
    /// BoringSSL refuses any certificate with an address whose issuer has a constraint on addresses.
    private static func nameConstraints(_ constraint: NameConstraint) -> NameConstraints {
        let none =
            [ASN1OctetString(contentBytes: [UInt8](repeating: 0, count: 8)[...])]
            + [ASN1OctetString(contentBytes: [UInt8](repeating: 0, count: 32)[...])]
        return NameConstraints(
            permittedDNSDomains: constraint.dns, excludedIPRanges: constraint.permitsAddresses ? [] : none)
    }
}

extension SelfSignedCA {
    /// A leaf with its chain, good for ninety days.
    ///
    /// - Parameters:
    ///   - names: DNS names.
    ///   - addresses: IP addresses as 4 or 16 bytes.
    package func issue(names: [String], addresses: [[UInt8]], from now: Date) throws -> ServingCertificate {
        let leaf = try sign(
            CertificateNames(dns: names, addresses: addresses), from: now,
            to: now.addingTimeInterval(90 * 86_400))
        return try ServingCertificate(
            chainPEM: leaf.certificatePEM + certificatePEM, keyPEM: leaf.key.pem)
    }
}

extension SelfSignedCA {
    /// The CA that a release before the serving identity kept in a key directory.
    ///
    /// - Returns: nil where there is none.
    static func former(in directory: PrivateDirectory) throws(StoreError) -> SelfSignedCA? {
        guard let certificate = try directory.read(ServingIdentity.bundleFile),
            let key = try directory.read(ServingIdentity.formerKeyFile)
        else { return nil }
        do {
            return try SelfSignedCA(
                certificatePEM: String(validating: certificate, as: UTF8.self) ?? "",
                keyPEM: String(validating: key, as: UTF8.self) ?? "")
        } catch {
            throw .refused(
                "\(directory.path)/\(ServingIdentity.bundleFile) and \(ServingIdentity.formerKeyFile) are not a CA "
                    + "certificate and its private key; move them away to have a new CA created")
        }
    }
}
