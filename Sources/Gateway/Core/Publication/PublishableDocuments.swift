public import GatewayPluginAPI

/// The documents of one state of a key ring, in the order in which they are published.
public struct PublishableDocuments: Sendable, Equatable {
    public struct Document: Sendable, Equatable {
        public let kind: IssuerDocumentKind
        public let content: [UInt8]
        public let stamp: DocumentStamp
    }

    /// The key set first.
    public let documents: [Document]

    public init(ring: KeyRing, documents: IssuerDocuments) {
        self.documents = [(IssuerDocumentKind.keys, documents.keys), (.discovery, documents.discovery)].map {
            Document(kind: $0, content: $1, stamp: DocumentStamp(ring: ring, content: $1))
        }
    }

    public subscript(_ kind: IssuerDocumentKind) -> [UInt8] { documents.first { $0.kind == kind }?.content ?? [] }
}
