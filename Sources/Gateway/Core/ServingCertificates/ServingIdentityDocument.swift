package import FoundationEssentials
import JSON

/// The stored format of the serving identity: one JSON object, readable without the gateway
/// (`docs/serving-certificates.md`).
///
///     {"version": 1, "owner": "…", "revision": 3, "longestLife": 900, "authorities": [{"state": "issuing",
///       "reason": "first", "created": "2026-05-08T14:56:00Z", "notBefore": "…", "notAfter": "…",
///       "constraint": {"dns": ["sts-gateway.sts.svc"], "permitsAddresses": false}, "certificate": "<PEM>",
///       "privateKey": "<PKCS#8 PEM>"}], "leaf": {"dns": ["…"], "addresses": [], "notBefore": "…", "notAfter": "…",
///       "certificate": "<PEM>", "privateKey": "<PKCS#8 PEM>"}}
package enum ServingIdentityDocument {
    /// The newest format version that this release reads; the version that it writes.
    package static let version = 1
    /// The gateway never creates more CAs: each one needs its overlap before the next.
    package static let maximumAuthorities = 20

    /// The largest integer that JSON numbers represent exactly (RFC 8259 §6).
    private static let maximumRevision = (1 << 53) - 1
    /// Seconds in ten years.
    private static let maximumLifetime = 315_360_000

    private struct Version: Decodable {
        let version: Int
    }

    private struct Document: Codable {
        let version: Int
        let owner: String
        let revision: Int
        let longestLife: Int
        let answered: String?
        let authorities: [Authority]
        let leaf: Leaf
    }

    private struct Authority: Codable {
        let state: ServingIdentity.State
        let reason: ServingIdentity.Reason
        let constraint: NameConstraint?
        let created: Date
        let notBefore: Date
        let notAfter: Date
        let trustedUntil: Date?
        let certificate: String
        let privateKey: String?
    }

    private struct Leaf: Codable {
        let dns: [String]
        let addresses: [[UInt8]]
        let notBefore: Date
        let notAfter: Date
        let certificate: String
        let privateKey: String
    }

    /// Reads a stored serving identity. Of the relations between its members it validates only the states.
    ///
    /// - Throws: `malformed` or `newerVersion`; the text never contains key material.
    package static func decode(_ document: Data) throws(StoreError) -> ServingIdentity {
        guard let json = try? JSONValue(parsing: Array(document)), let version = try? json.decode(Version.self).version
        else {
            throw .malformed("expected a JSON object with the member version")
        }
        guard version <= Self.version else { throw .newerVersion(version, supported: Self.version) }
        guard let read = try? json.decode(Document.self) else {
            throw .malformed("a member is missing or of the wrong type")
        }
        guard read.authorities.count <= maximumAuthorities else {
            throw .malformed("more than \(maximumAuthorities) authorities")
        }
        var authorities: [ServingIdentity.Authority] = []
        for (index, authority) in read.authorities.enumerated() {
            authorities.append(try decode(authority, at: index))
        }
        guard authorities.count(where: { $0.state == .issuing }) == 1 else {
            throw .malformed("not exactly one authority is issuing")
        }
        guard authorities.count(where: { $0.state == .next }) <= 1 else {
            throw .malformed("more than one authority has the state next")
        }
        guard Set(authorities.map(\.id)).count == authorities.count else {
            throw .malformed("duplicate authority")
        }
        guard read.leaf.addresses.allSatisfy({ [4, 16].contains($0.count) }) else {
            throw .malformed("invalid leaf.addresses; expected 4 or 16 bytes each")
        }
        guard !read.owner.isEmpty, (1...maximumRevision).contains(read.revision),
            (0...maximumLifetime).contains(read.longestLife)
        else {
            throw .malformed("owner, revision or longestLife is out of range")
        }
        return ServingIdentity(
            owner: read.owner, revision: read.revision, authorities: authorities,
            certificate: ServingIdentity.Certificate(
                certificatePEM: read.leaf.certificate, key: ServingIdentity.PrivateKey(pem: read.leaf.privateKey),
                names: CertificateNames(dns: read.leaf.dns, addresses: read.leaf.addresses),
                notBefore: read.leaf.notBefore, notAfter: read.leaf.notAfter),
            maximumTokenLifetime: read.longestLife, answered: read.answered)
    }

    private static func decode(
        _ read: Authority, at index: Int
    ) throws(StoreError) -> ServingIdentity.Authority {
        guard read.state == .trusted || read.privateKey != nil else {
            throw .malformed("authorities[\(index)].privateKey is missing")
        }
        guard read.state != .trusted || read.trustedUntil != nil else {
            throw .malformed("authorities[\(index)].trustedUntil is missing")
        }
        let isTrusted = read.state == .trusted
        let authority = ServingIdentity.Authority(
            certificatePEM: read.certificate,
            key: isTrusted ? nil : read.privateKey.map(ServingIdentity.PrivateKey.init), state: read.state,
            reason: read.reason, constraint: read.constraint, created: read.created, notBefore: read.notBefore,
            notAfter: read.notAfter, trustedUntil: isTrusted ? read.trustedUntil : nil)
        guard let authority else { throw .malformed("authorities[\(index)].certificate is not a certificate in PEM") }
        return authority
    }

    /// Writes the identity as a document that contains private keys: for a store only.
    package static func encode(_ identity: ServingIdentity) throws(StoreError) -> Data {
        let document = Document(
            version: version, owner: identity.owner, revision: identity.revision,
            longestLife: identity.maximumTokenLifetime,
            answered: identity.answered,
            authorities: identity.authorities.map { authority in
                Authority(
                    state: authority.state, reason: authority.reason, constraint: authority.constraint,
                    created: authority.created, notBefore: authority.notBefore, notAfter: authority.notAfter,
                    trustedUntil: authority.trustedUntil, certificate: authority.certificatePEM,
                    privateKey: authority.key?.pem)
            },
            leaf: Leaf(
                dns: identity.certificate.names.dns, addresses: identity.certificate.names.addresses,
                notBefore: identity.certificate.notBefore, notAfter: identity.certificate.notAfter,
                certificate: identity.certificate.certificatePEM, privateKey: identity.certificate.key.pem))
        let encoder = JSONEncoder()
        encoder.dateEncodingStrategy = .iso8601
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        do {
            return try encoder.encode(document)
        } catch {
            throw .malformed("serving identity: it cannot be written as JSON")
        }
    }
}
