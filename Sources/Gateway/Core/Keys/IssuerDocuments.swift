package import FoundationEssentials
package import GatewayPluginAPI
package import JOSE
import JSON

/// An issuer's documents, created from one revision of its key ring: the gateway serves them, and a publisher stores
/// them. OpenID Connect Discovery 1.0 §3 and RFC 7517 §5.
package struct IssuerDocuments: Sendable, Equatable {
    /// One of the documents, as JSON in UTF-8.
    package struct Document: Sendable, Equatable {
        package let kind: IssuerDocumentKind
        package let representation: Representation
        /// The key ring that owns the document; a publisher stores it beside the content.
        package let stamp: DocumentStamp

        package var content: [UInt8] { representation.content }

        fileprivate init(_ kind: IssuerDocumentKind, _ content: [UInt8], of ring: KeyRing) {
            self.kind = kind
            representation = Representation(content)
            stamp = DocumentStamp(
                owner: ring.owner, revision: ring.revision, digest: DocumentStamp.digest(of: content))
        }
    }

    /// The key that signs next.
    package struct Successor: Sendable, Equatable {
        package let keyID: KeyID
        package let isPublished: Bool
    }

    package let keys: Document
    /// The key set at the path that the discovery document names; nil where that is the path of ``keys``.
    package let namedKeys: Document?
    package let discovery: Document
    /// The `issuer-docs` response of an OpenUnison-compatible endpoint: both documents as strings in one JSON object.
    package let bundle: Representation
    /// The key IDs of the key set.
    package let keyIDs: Set<KeyID>
    /// The public keys, for a relying party that stores them itself.
    package let keySet: JSONWebKeySet
    /// The keys that such a relying party can hold because of this ring.
    package let knownKeyIDs: Set<KeyID>
    /// The key that signs next, and whether it is recorded as published; nil where there is none.
    package let successor: Successor?
    /// When the public URL must be read again so that a new key can sign; nil where no key waits for it.
    package let readingDue: Date?
    /// As the ring records it.
    package let invalidated: KeyRing.InvalidatedDocuments?
    /// Where the ring has published last, as the ring records it.
    package let location: String?
    /// Until when sessions that were requested with a revoked key may be valid; nil where no key was revoked.
    package let sessionsOfRevokedKeysEnd: Date?

    /// Creates the documents from a key ring.
    ///
    /// - Parameter keysURL: the `jwks_uri`; nil for that of the issuer.
    package init(
        ring: KeyRing, issuer: Issuer, keysURL: String? = nil, privateClaimNames: [String], readingDue: Date? = nil
    ) {
        let discovery = DiscoveryDocument(
            issuer: issuer, keysURL: keysURL, keys: ring.publicKeys, privateClaimNames: privateClaimNames)
        self.init(
            ring: ring, keys: ring.publicKeys.json.utf8Text, discovery: discovery.json.utf8Text,
            jwksPath: issuer.jwksPath, readingDue: readingDue)
    }

    /// Creates the documents from their contents.
    ///
    /// - Parameters:
    ///   - keys: the key set's JSON text.
    ///   - discovery: the discovery document's JSON text.
    ///   - jwksPath: as ``Issuer/jwksPath``.
    package init(
        ring: KeyRing, keys: [UInt8], discovery: [UInt8], jwksPath: String? = nil, readingDue: Date? = nil
    ) {
        self.keys = Document(.keys, keys, of: ring)
        namedKeys = jwksPath.map { Document(.namedKeys(path: $0), keys, of: ring) }
        self.discovery = Document(.discovery, discovery, of: ring)
        let bundle: JSONValue = [
            "discovery": .string(String(decoding: discovery, as: UTF8.self)),
            "keys": .string(String(decoding: keys, as: UTF8.self)),
        ]
        self.bundle = Representation(bundle.utf8Text)
        keyIDs = Set(ring.keys.map(\.keyID))
        keySet = ring.publicKeys
        knownKeyIDs = ring.knownKeyIDs
        successor = ring.successor.map { Successor(keyID: $0.keyID, isPublished: $0.published != nil) }
        invalidated = ring.invalidated
        location = ring.location
        sessionsOfRevokedKeysEnd = ring.revoked.map(\.revoked).max()?.addingTimeInterval(Self.maximumSessionLifetime)
        self.readingDue = readingDue
    }

    /// Seconds that a role's session lasts at most, by default.
    private static let maximumSessionLifetime = 3_600.0

    /// The documents in the order in which they are published.
    package var all: [Document] { [keys] + (namedKeys.map { [$0] } ?? []) + [discovery] }

    /// The document's content.
    package subscript(_ kind: IssuerDocumentKind) -> [UInt8] {
        switch kind {
        case .keys, .namedKeys: keys.content
        case .discovery: discovery.content
        }
    }
}
