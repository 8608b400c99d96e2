package import FoundationEssentials
import JOSE
import JSON

/// The stored format of a key ring: one JSON object, readable without the gateway (`docs/keys.md`).
///
///     {"version": 2, "endpoint": "example", "owner": "…", "revision": 7, "keys": [{"kid": "…", "algorithm": "RS256",
///       "state": "active", "created": "2026-05-08T14:56:00Z", "activated": "2026-05-08T14:56:00Z", "longestLife": 900,
///       "privateKey": "<PKCS#8 PEM>", "certificate": "<PEM>"}], "revoked": []}
///
/// A document of version 1 has one active key. Where `owner` and `revision` are missing, they are the first key's `kid`
/// and 1.
package enum KeyRingDocument {
    /// The newest format version that this release reads; the version that it writes.
    package static let version = 2

    private struct Version: Decodable {
        let version: Int
    }

    private struct Ring: Codable {
        let version: Int
        let endpoint: String
        let owner: String?
        let revision: Int?
        let keys: [Key]
        let revoked: [KeyRing.RevokedKey]?
        let keypair: KeyRing.ImportedKeyPair?
        let invalidated: KeyRing.InvalidatedDocuments?
        let issuer: Optionally<KeyRing.IssuerRecord>?
        let location: Optionally<String>?
        let handedOver: Optionally<[KeyID]>?
    }

    /// A member that the ring does not need: a value of another form counts as missing.
    private struct Optionally<Value: Codable>: Codable {
        let value: Value?

        init?(_ value: Value?) {
            guard let value else { return nil }
            self.value = value
        }

        init(from decoder: any Decoder) throws { value = try? Value(from: decoder) }

        func encode(to encoder: any Encoder) throws { try value.encode(to: encoder) }
    }

    private struct Key: Codable {
        let kid: String
        let algorithm: SignatureAlgorithm
        let state: KeyRing.State
        let created: Date
        let published: Date?
        let activated: Date?
        let retired: Date?
        let longestLife: Int?
        let standby: Optionally<Bool>?
        let approved: Optionally<Bool>?
        let privateKey: String
        let certificate: String
    }

    /// Reads a stored key ring.
    ///
    /// - Throws: `malformed` or `newerVersion`; the text never contains key material.
    package static func decode(_ document: Data, endpoint: String) throws(StoreError) -> KeyRing {
        guard let json = try? JSONValue(parsing: Array(document)), let version = try? json.decode(Version.self).version
        else {
            throw .malformed("expected a JSON object with the member version")
        }
        guard version <= Self.version else { throw .newerVersion(version, supported: Self.version) }
        guard let ring = try? json.decode(Ring.self) else {
            throw .malformed("a member is missing or of the wrong type")
        }
        guard ring.endpoint == endpoint else {
            throw .malformed("it belongs to endpoint \"\(ring.endpoint)\", not to \"\(endpoint)\"")
        }
        guard !ring.keys.isEmpty || !(ring.revoked ?? []).isEmpty else { throw .malformed("no key") }
        guard ring.keys.count <= maximumKeys else { throw .malformed("more than \(maximumKeys) keys") }
        var keys: [KeyRing.Key] = []
        for (index, key) in ring.keys.enumerated() { keys.append(try decode(key, at: index)) }
        guard keys.count(where: { $0.state == .active }) <= 1 else { throw .malformed("more than one key is active") }
        guard keys.count(where: { $0.state == .prepared || $0.state == .published }) <= 1 else {
            throw .malformed("more than one key is prepared or published")
        }
        guard Set(keys.map(\.signingKey.keyID)).count == keys.count else { throw .malformed("duplicate key") }
        let owner = ring.owner ?? ring.keys.first?.kid ?? ""
        guard isOwner(owner) else {
            throw .malformed("invalid owner; expected 1 to 64 letters, digits, \"-\" and \"_\"")
        }
        let revision = ring.revision ?? 1
        guard (1...maximumRevision).contains(revision) else {
            throw .malformed("invalid revision; expected 1 to \(maximumRevision)")
        }
        return KeyRing(
            endpoint: endpoint, owner: owner, revision: revision, keys: keys, revoked: ring.revoked ?? [],
            keypair: ring.keypair, invalidated: ring.invalidated, issuer: ring.issuer?.value,
            location: ring.location?.value,
            handedOver: (ring.handedOver?.value ?? []).suffix(KeyRing.maximumHandedOver))
    }

    private static func decode(_ key: Key, at index: Int) throws(StoreError) -> KeyRing.Key {
        let signingKey: SigningKey
        do {
            signingKey = try SigningKey(pem: key.privateKey, algorithm: key.algorithm)
        } catch {
            throw .malformed("keys[\(index)].privateKey: \(error)")
        }
        guard signingKey.keyID.rawValue.isExactly(key.kid) else {
            throw .malformed("keys[\(index)].kid is not the thumbprint of its private key")
        }
        guard let certificate = KeyCertificate(pem: key.certificate) else {
            throw .malformed("keys[\(index)].certificate: not a certificate in PEM")
        }
        // Members that version 1 does not have get a default.
        let activated = key.state == .active || key.state == .retiring ? key.activated ?? key.created : nil
        guard key.state != .published || key.published != nil else {
            throw .malformed("keys[\(index)].published is missing")
        }
        guard key.state != .retiring || key.retired != nil else {
            throw .malformed("keys[\(index)].retired is missing")
        }
        let maximumTokenLifetime = key.longestLife ?? 0
        guard (0...maximumLifetime).contains(maximumTokenLifetime) else {
            throw .malformed("invalid keys[\(index)].longestLife; expected 0 to \(maximumLifetime)")
        }
        return KeyRing.Key(
            signingKey: signingKey, state: key.state, created: key.created, certificate: certificate,
            published: key.state == .prepared ? nil : key.published, activated: activated,
            retired: key.state == .retiring ? key.retired : nil, maximumTokenLifetime: maximumTokenLifetime,
            isStandby: (key.state == .prepared || key.state == .published) && key.standby?.value == true,
            isApproved: key.state == .published && key.approved?.value == true)
    }

    /// The maximum number of keys that is read: more than the gateway ever creates.
    private static let maximumKeys = 2 * RotationPolicy.maximumKeys
    /// The largest integer that JSON numbers represent exactly (RFC 8259 §6).
    private static let maximumRevision = (1 << 53) - 1
    /// Seconds.
    private static let maximumLifetime = 86_400

    /// The owner is sent to other services in a header field, so its characters are limited.
    private static func isOwner(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count)
            && text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-_".contains($0)) }
    }

    /// Writes a key ring as a document that contains private keys: for a key store only.
    package static func encode(_ ring: KeyRing) throws(StoreError) -> Data {
        let document = Ring(
            version: version, endpoint: ring.endpoint, owner: ring.owner, revision: ring.revision,
            keys: ring.keys.map { key in
                Key(
                    kid: key.signingKey.keyID.rawValue, algorithm: key.signingKey.algorithm, state: key.state,
                    created: key.created, published: key.published, activated: key.activated, retired: key.retired,
                    longestLife: key.maximumTokenLifetime == 0 ? nil : key.maximumTokenLifetime,
                    standby: Optionally(key.isStandby ? true : nil),
                    approved: Optionally(key.isApproved ? true : nil), privateKey: key.signingKey.pkcs8PEM,
                    certificate: key.certificate.pem)
            }, revoked: ring.revoked, keypair: ring.keypair, invalidated: ring.invalidated,
            issuer: Optionally(ring.issuer), location: Optionally(ring.location),
            handedOver: Optionally(ring.handedOver.isEmpty ? nil : ring.handedOver))
        let encoder = JSONEncoder()
        encoder.dateEncodingStrategy = .iso8601
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        do {
            return try encoder.encode(document)
        } catch {
            throw .malformed("key ring: it cannot be written as JSON")
        }
    }
}
