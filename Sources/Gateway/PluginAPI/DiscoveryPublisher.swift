import Crypto

/// A store that serves an issuer's documents, and the CDN in front of it. A publisher does single steps; the core decides
/// which steps, in what order, and whose documents may be overwritten.
public protocol DiscoveryPublisher: Sendable {
    /// Where the documents are, human-readable, such as the name of a bucket or a directory.
    var location: String { get }

    /// Returns the state of a stored document; nil where it is absent, or where its state cannot be read.
    ///
    /// - Throws: ``PublishError`` where the store cannot be asked.
    func stored(_ document: IssuerDocumentKind) async throws(PublishError) -> StoredDocument?

    /// Writes a document, with its stamp, `application/json` and `Cache-Control: max-age=`
    /// ``PublisherContext/maximumAge``.
    ///
    /// - Parameters:
    ///   - content: the document's JSON text as UTF-8.
    ///   - stamp: its digest is that of `content`.
    ///   - condition: what must be stored at the moment of the write. The comparison and the write are one atomic step.
    /// - Returns: the new version, as ``stored(_:)`` returns it from then on.
    /// - Throws: ``PublishError/Kind/conflict`` where the condition does not hold; then nothing was written.
    func put(
        _ document: IssuerDocumentKind, _ content: [UInt8], stamp: DocumentStamp, if condition: PutCondition
    ) async throws(PublishError) -> String

    /// Returns the content of a stored document; nil where it is absent, or where the publisher cannot read contents.
    ///
    /// The gateway asks for it after a revocation only, of a document that somebody else has written.
    ///
    /// - Throws: ``PublishError`` where the store cannot be asked.
    func content(of document: IssuerDocumentKind) async throws(PublishError) -> [UInt8]?

    /// The CDN in front of the store; nil where verifiers read from the store itself.
    var edgeCache: (any EdgeCacheInvalidating)? { get }
}

extension DiscoveryPublisher {
    /// Contents cannot be read.
    public func content(of document: IssuerDocumentKind) async throws(PublishError) -> [UInt8]? { nil }

    /// No CDN.
    public var edgeCache: (any EdgeCacheInvalidating)? { nil }
}

/// A content delivery network (CDN) in front of a publisher's store.
public protocol EdgeCacheInvalidating: Sendable {
    /// Requests the invalidation of cached copies of these documents.
    ///
    /// - Parameter reference: an idempotency key: the same reference returns the same invalidation.
    /// - Returns: the invalidation's id.
    /// - Throws: ``PublishError`` where the request failed.
    func invalidate(_ documents: [IssuerDocumentKind], reference: String) async throws(PublishError) -> String

    /// Whether the invalidation is complete: no cache serves a copy from before it.
    ///
    /// - Parameter invalidation: an id that ``invalidate(_:reference:)`` returned.
    /// - Throws: ``PublishError`` where the state cannot be read.
    func isComplete(_ invalidation: String) async throws(PublishError) -> Bool
}

/// A document of an issuer. ``Issuer/documents`` has the order in which they are published: the key set first, so that the
/// discovery document never names an algorithm that no published key has.
public enum IssuerDocumentKind: Sendable, Hashable {
    /// The JSON Web Key Set (RFC 7517 §5) at ``Issuer/keysPath``.
    case keys
    /// The same key set at ``Issuer/jwksPath``, which the discovery document names.
    case namedKeys(path: String)
    /// The discovery document (OpenID Connect Discovery 1.0 §3).
    case discovery

    /// The path below the issuer's URL, with its first slash.
    public var path: String {
        switch self {
        case .keys: Issuer.keysPath
        case .namedKeys(let path): path
        case .discovery: Issuer.discoveryPath
        }
    }

    /// Whether it is the key set.
    public var isKeySet: Bool { self != .discovery }

    /// The documents of an issuer, in the order in which they are published.
    static func documents(jwksPath: String?) -> [IssuerDocumentKind] {
        var documents: [IssuerDocumentKind] = [.keys]
        if let jwksPath { documents.append(.namedKeys(path: jwksPath)) }
        return documents + [.discovery]
    }
}

/// The owner of a published document, stored beside it.
public struct DocumentStamp: Sendable, Equatable {
    /// The key ring's random id.
    public let owner: String
    /// The key ring's revision; it grows with every change of the ring.
    public let revision: Int
    /// SHA-256 of the content, in lower-case hexadecimal. For a stored document, compute it from the stored content, not
    /// from what was written beside it. An empty text asks for the document to be written again, as where it is served
    /// with a wrong content type.
    public let digest: String

    /// Creates a stamp from its parts; nothing is checked.
    public init(owner: String, revision: Int, digest: String) {
        self.owner = owner
        self.revision = revision
        self.digest = digest
    }

    /// Returns the SHA-256 of the content in lower-case hexadecimal.
    public static func digest(of content: [UInt8]) -> String {
        SHA256.hash(data: content).map { byte in
            let hexadecimal = String(byte, radix: 16)
            return byte < 16 ? "0" + hexadecimal : hexadecimal
        }.joined()
    }
}

/// The state of a document that is stored.
public struct StoredDocument: Sendable, Equatable {
    /// The version that a conditional write compares, such as an entity tag (RFC 9110 §8.8.3).
    public let version: String
    /// nil where the document was not written by a gateway.
    public let stamp: DocumentStamp?
    /// Length of the content in bytes.
    public let length: Int

    /// Creates the state from its parts.
    public init(version: String, stamp: DocumentStamp?, length: Int) {
        self.version = version
        self.stamp = stamp
        self.length = length
    }
}

/// What must be stored at the moment of a write.
public enum PutCondition: Sendable, Equatable {
    /// No document (RFC 9110 §13.1.2: `If-None-Match: *`).
    case absent
    /// The document in this version (RFC 9110 §13.1.1: `If-Match`).
    case version(String)
}
