package import FoundationEssentials
import JOSE
import JSON

/// A key ring as stores keep it: JSON, one object, readable without this gateway (`docs/keys.md`).
///
///     {"version": 2, "endpoint": "example", "owner": "…", "revision": 7, "keys": [{"kid": "…", "algorithm": "RS256",
///       "state": "active", "created": "2026-05-08T14:56:00Z", "activated": "2026-05-08T14:56:00Z", "longestLife": 900,
///       "privateKey": "<PKCS#8 PEM>", "certificate": "<PEM>"}], "revoked": []}
///
/// Version 1 had one active key and nothing else; a ring from before `owner` and `revision` has its first key's `kid`
/// and 1.
package enum KeyRingDocument {
    /// The newest format that this gateway reads, and the one it writes.
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
        let privateKey: String
        let certificate: String
    }

    /// - Throws: `malformed` or `newerVersion`; the text never holds anything of a key.
    package static func decode(_ document: Data, endpoint: String) throws(StoreError) -> KeyRing {
        guard let json = try? JSONValue(parsing: Array(document)), let version = try? json.decode(Version.self).version
        else {
            throw .malformed("it is not a key ring's JSON object with the member version")
        }
        guard version <= Self.version else { throw .newerVersion(version, supported: Self.version) }
        guard let ring = try? json.decode(Ring.self) else {
            throw .malformed("a member is missing or of the wrong type")
        }
        guard ring.endpoint == endpoint else {
            throw .malformed("it is the ring of endpoint \"\(ring.endpoint)\", not of \"\(endpoint)\"")
        }
        guard !ring.keys.isEmpty || !(ring.revoked ?? []).isEmpty else { throw .malformed("it holds no key") }
        guard ring.keys.count <= maximumKeys else { throw .malformed("it holds more than \(maximumKeys) keys") }
        var keys: [KeyRing.Key] = []
        for (index, key) in ring.keys.enumerated() { keys.append(try decode(key, at: index)) }
        guard keys.count(where: { $0.state == .active }) <= 1 else { throw .malformed("more than one key is active") }
        guard keys.count(where: { $0.state == .prepared || $0.state == .published }) <= 1 else {
            throw .malformed("more than one key is to sign next")
        }
        guard Set(keys.map(\.signingKey.keyID)).count == keys.count else { throw .malformed("a key is there twice") }
        let owner = ring.owner ?? ring.keys.first?.kid ?? ""
        guard isOwner(owner) else { throw .malformed("owner is not 1 to 64 letters, digits, \"-\" and \"_\"") }
        let revision = ring.revision ?? 1
        guard (1...maximumRevision).contains(revision) else {
            throw .malformed("revision is not 1 to \(maximumRevision)")
        }
        return KeyRing(
            endpoint: endpoint, owner: owner, revision: revision, keys: keys, revoked: ring.revoked ?? [],
            keypair: ring.keypair)
    }

    private static func decode(_ key: Key, at index: Int) throws(StoreError) -> KeyRing.Key {
        let signingKey: SigningKey
        do {
            signingKey = try SigningKey(pem: key.privateKey, algorithm: key.algorithm)
        } catch {
            throw .malformed("keys[\(index)].privateKey: \(error)")
        }
        guard signingKey.keyID.rawValue == key.kid else {
            throw .malformed("keys[\(index)].kid is not the thumbprint of its private key")
        }
        guard let certificate = KeyCertificate(pem: key.certificate) else {
            throw .malformed("keys[\(index)].certificate: not a certificate in PEM")
        }
        // What a state needs is there, or is what version 1 meant.
        let activated = key.state == .active || key.state == .retiring ? key.activated ?? key.created : nil
        guard key.state != .published || key.published != nil else {
            throw .malformed("keys[\(index)].published is missing")
        }
        guard key.state != .retiring || key.retired != nil else {
            throw .malformed("keys[\(index)].retired is missing")
        }
        let maximumTokenLifetime = key.longestLife ?? 0
        guard (0...maximumLife).contains(maximumTokenLifetime) else {
            throw .malformed("keys[\(index)].longestLife is not 0 to \(maximumLife)")
        }
        return KeyRing.Key(
            signingKey: signingKey, state: key.state, created: key.created, certificate: certificate,
            published: key.state == .prepared ? nil : key.published, activated: activated,
            retired: key.state == .retiring ? key.retired : nil, maximumTokenLifetime: maximumTokenLifetime)
    }

    /// A ring is read that has a few more than are ever made.
    private static let maximumKeys = 2 * RotationPolicy.maximumKeys
    /// What a JSON number holds exactly (RFC 8259 §6), so that the next revision can be counted.
    private static let maximumRevision = (1 << 53) - 1
    /// Seconds.
    private static let maximumLife = 86_400

    /// It is sent to other services in a header field.
    private static func isOwner(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count)
            && text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-_".contains($0)) }
    }

    /// The document, with private keys: for a key store only.
    package static func encode(_ ring: KeyRing) throws(StoreError) -> Data {
        let document = Ring(
            version: version, endpoint: ring.endpoint, owner: ring.owner, revision: ring.revision,
            keys: ring.keys.map { key in
                Key(
                    kid: key.signingKey.keyID.rawValue, algorithm: key.signingKey.algorithm, state: key.state,
                    created: key.created, published: key.published, activated: key.activated, retired: key.retired,
                    longestLife: key.maximumTokenLifetime == 0 ? nil : key.maximumTokenLifetime,
                    privateKey: key.signingKey.pkcs8PEM,
                    certificate: key.certificate.pem)
            }, revoked: ring.revoked, keypair: ring.keypair)
        let encoder = JSONEncoder()
        encoder.dateEncodingStrategy = .iso8601
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        do {
            return try encoder.encode(document)
        } catch {
            throw .malformed("it cannot be written as JSON")
        }
    }
}
