import Crypto
package import FoundationEssentials
package import GatewayCore
import SwiftASN1
import X509

/// A self-signed CA of the gateway. Its private key signs the serving certificate; clients trust its certificate.
package struct SelfSignedCA: Sendable {
    private let certificate: Certificate
    private let key: P256.Signing.PrivateKey

    /// Seconds from notBefore to the creation of a certificate, for clocks that are behind.
    static let leeway = 300.0

    /// Creates a CA with a new key.
    ///
    /// - Parameters:
    ///   - constraint: the name constraints of its certificate (RFC 5280 §4.2.1.10, critical); nil for none.
    ///   - lifetime: seconds.
    package init(
        from now: Date, constraint: NameConstraint? = nil, lifetime: Double = 10 * 365 * 86_400
    ) throws {
        key = P256.Signing.PrivateKey()
        let signer = Certificate.PrivateKey(key)
        let identifier = SubjectKeyIdentifier(hash: signer.publicKey)
        // Each CA has a unique subject, so that a verifier that trusts several finds the right one.
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

    /// Reads a stored CA.
    ///
    /// - Throws: where the certificate or the key is malformed, or the key does not belong to the certificate.
    package init(certificatePEM: String, keyPEM: String) throws {
        certificate = try Certificate(pemEncoded: certificatePEM)
        key = try P256.Signing.PrivateKey(pemRepresentation: keyPEM)
        guard certificate.publicKey == Certificate.PublicKey(key.publicKey) else {
            throw ServingCertificateError("the private key does not belong to the CA certificate")
        }
    }

    package var certificatePEM: String {
        get throws { try certificate.serializeAsPEM().pemString + "\n" }
    }

    /// The private key in PEM, for the store only.
    package var keyPEM: String { key.pemRepresentation + "\n" }

    package var notBefore: Date { certificate.notValidBefore }
    package var notAfter: Date { certificate.notValidAfter }

    /// Signs a serving certificate with a new key.
    ///
    /// - Parameters:
    ///   - end: notAfter of the certificate; limited to the CA's notAfter.
    package func sign(_ names: CertificateNames, from now: Date, to end: Date) throws -> ServingIdentity.Certificate {
        let servingKey = P256.Signing.PrivateKey()
        let alternatives: [GeneralName] =
            names.dns.map { .dnsName($0) }
            + names.addresses.map { .ipAddress(ASN1OctetString(contentBytes: $0[...])) }
        let serving = try Certificate(
            version: .v3, serialNumber: .init(), publicKey: Certificate.PublicKey(servingKey.publicKey),
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
        return ServingIdentity.Certificate(
            certificatePEM: try serving.serializeAsPEM().pemString + "\n",
            key: ServingIdentity.PrivateKey(pem: servingKey.pemRepresentation + "\n"), names: names,
            notBefore: serving.notValidBefore, notAfter: serving.notValidAfter)
    }

    /// The name constraints extension. Where no address is permitted, all addresses are excluded. Where addresses are
    /// permitted, the extension has no constraint on addresses: BoringSSL rejects any certificate with an address whose
    /// issuer has one.
    private static func nameConstraints(_ constraint: NameConstraint) -> NameConstraints {
        let none =
            [ASN1OctetString(contentBytes: [UInt8](repeating: 0, count: 8)[...])]
            + [ASN1OctetString(contentBytes: [UInt8](repeating: 0, count: 32)[...])]
        return NameConstraints(
            permittedDNSDomains: constraint.dns, excludedIPRanges: constraint.permitsAddresses ? [] : none)
    }
}

extension SelfSignedCA {
    /// Issues a serving certificate with its chain, valid for 90 days.
    ///
    /// - Parameters:
    ///   - names: DNS names.
    ///   - addresses: IP addresses as 4 or 16 bytes.
    package func issue(names: [String], addresses: [[UInt8]], from now: Date) throws -> ServingCertificate {
        let serving = try sign(
            CertificateNames(dns: names, addresses: addresses), from: now,
            to: now.addingTimeInterval(90 * 86_400))
        return try ServingCertificate(
            chainPEM: serving.certificatePEM + certificatePEM, keyPEM: serving.key.pem)
    }
}

extension SelfSignedCA {
    /// Reads the CA files of release 0.1.0 in a key directory.
    ///
    /// - Returns: nil where the directory has none.
    static func former(in directory: PrivateDirectory) throws(StoreError) -> SelfSignedCA? {
        guard let certificate = try directory.read(ServingIdentity.bundleFile),
            let key = try directory.read(ServingIdentity.formerKeyFile)
        else { return nil }
        do {
            return try SelfSignedCA(
                certificatePEM: String(validating: certificate, as: UTF8.self) ?? "",
                keyPEM: String(validating: key, as: UTF8.self) ?? "")
        } catch {
            throw .rejected(
                "\(directory.path)/\(ServingIdentity.bundleFile) and \(ServingIdentity.formerKeyFile) are not a CA "
                    + "certificate and its private key; move them to another directory to create a new CA"
            )
        }
    }
}
