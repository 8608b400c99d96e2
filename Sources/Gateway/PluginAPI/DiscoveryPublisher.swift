import Crypto

/// A place that serves an issuer's documents, and what lies between it and the verifiers. A publisher does single steps;
/// the core decides which, in what order, and whose documents may be overwritten.
public protocol DiscoveryPublisher: Sendable {
    /// For people, such as a bucket's or a directory's name.
    var place: String { get }

    /// What is kept there of a document; nil where it is absent, or where the place will not say.
    func stored(_ document: IssuerDocumentKind) async throws(PublishError) -> StoredDocument?

    /// Writes a document, with its stamp, `application/json` and `Cache-Control: max-age=`
    /// ``PublisherContext/maximumAge``.
    ///
    /// - Returns: its new version.
    /// - Throws: ``PublishError/Kind/conflict`` where the condition does not hold.
    func put(
        _ document: IssuerDocumentKind, _ content: [UInt8], stamp: DocumentStamp, if condition: PutCondition
    ) async throws(PublishError) -> String

    /// nil where the place itself answers the verifiers.
    var edgeCache: (any EdgeCacheInvalidating)? { get }
}

extension DiscoveryPublisher {
    public var edgeCache: (any EdgeCacheInvalidating)? { nil }
}

/// A content delivery network in front of a publisher's place.
public protocol EdgeCacheInvalidating: Sendable {
    /// Has the edges forget these documents.
    ///
    /// - Parameter reference: the same reference asks for the same invalidation.
    /// - Returns: the invalidation's id.
    func invalidate(_ documents: [IssuerDocumentKind], reference: String) async throws(PublishError) -> String

    /// Whether every edge has forgotten them.
    func isComplete(_ invalidation: String) async throws(PublishError) -> Bool
}

/// The key set goes first, so that no discovery document names an algorithm that it lacks.
public enum IssuerDocumentKind: Sendable, Hashable, CaseIterable {
    case keys
    case discovery

    /// Below the issuer's URL, with its first slash.
    public var path: String {
        switch self {
        case .keys: Issuer.keysPath
        case .discovery: Issuer.discoveryPath
        }
    }
}

/// Whose a published document is, kept beside it.
public struct DocumentStamp: Sendable, Equatable {
    /// The key ring's random id.
    public let owner: String
    /// Grows with every change of the ring.
    public let revision: Int
    /// SHA-256 of the content, in lower-case hexadecimal. Of a stored document it is that of what is there now, whatever
    /// was written beside it; a document that is not served as it must be has none, an empty text.
    public let digest: String

    public init(owner: String, revision: Int, digest: String) {
        self.owner = owner
        self.revision = revision
        self.digest = digest
    }

    /// SHA-256 in lower-case hexadecimal.
    public static func digest(of content: [UInt8]) -> String {
        SHA256.hash(data: content).map { byte in
            let hexadecimal = String(byte, radix: 16)
            return byte < 16 ? "0" + hexadecimal : hexadecimal
        }.joined()
    }
}

public struct StoredDocument: Sendable, Equatable {
    /// What a conditional write compares, such as an entity tag.
    public let version: String
    /// nil where something else than a gateway wrote it.
    public let stamp: DocumentStamp?
    /// Length in bytes.
    public let length: Int

    public init(version: String, stamp: DocumentStamp?, length: Int) {
        self.version = version
        self.stamp = stamp
        self.length = length
    }
}

public enum PutCondition: Sendable, Equatable {
    /// Nothing is there yet.
    case absent
    /// That version is there.
    case version(String)
}
