package import FoundationEssentials
package import GatewayPluginAPI
package import JOSE

/// The documents of one state of a key ring, in the order in which they are published.
package struct PublishableDocuments: Sendable, Equatable {
    package struct Document: Sendable, Equatable {
        package let kind: IssuerDocumentKind
        package let content: [UInt8]
        package let stamp: DocumentStamp
    }

    /// The key set first.
    package let documents: [Document]
    /// Of the key set.
    package let keyIDs: Set<KeyID>
    /// When the public URL is to be read at the latest, for a new key to sign; nil where nothing waits for that.
    package let readingWanted: Date?

    package init(ring: KeyRing, documents: IssuerDocuments, readingWanted: Date? = nil) {
        keyIDs = Set(ring.keys.map(\.keyID))
        self.readingWanted = readingWanted
        self.documents = [(IssuerDocumentKind.keys, documents.keys), (.discovery, documents.discovery)].map {
            Document(kind: $0, content: $1, stamp: DocumentStamp(ring: ring, content: $1))
        }
    }

    package subscript(_ kind: IssuerDocumentKind) -> [UInt8] { documents.first { $0.kind == kind }?.content ?? [] }
}
