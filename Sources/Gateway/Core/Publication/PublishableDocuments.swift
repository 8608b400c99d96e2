public import FoundationEssentials
public import GatewayPluginAPI
public import JOSE

/// The documents of one state of a key ring, in the order in which they are published.
public struct PublishableDocuments: Sendable, Equatable {
    public struct Document: Sendable, Equatable {
        public let kind: IssuerDocumentKind
        public let content: [UInt8]
        public let stamp: DocumentStamp
    }

    /// The key set first.
    public let documents: [Document]
    /// Of the key set.
    public let keyIDs: Set<KeyID>
    /// When the public URL is to be read at the latest, for a new key to sign; nil where nothing waits for that.
    public let readingWanted: Date?

    public init(ring: KeyRing, documents: IssuerDocuments, readingWanted: Date? = nil) {
        keyIDs = Set(ring.keys.map(\.keyID))
        self.readingWanted = readingWanted
        self.documents = [(IssuerDocumentKind.keys, documents.keys), (.discovery, documents.discovery)].map {
            Document(kind: $0, content: $1, stamp: DocumentStamp(ring: ring, content: $1))
        }
    }

    public subscript(_ kind: IssuerDocumentKind) -> [UInt8] { documents.first { $0.kind == kind }?.content ?? [] }
}
