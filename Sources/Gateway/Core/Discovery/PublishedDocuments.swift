import Crypto
package import GatewayPluginAPI
import JOSE
import JSON

/// An issuer's two documents, and their entity tags, made once per snapshot.
package struct PublishedDocuments: Sendable, Equatable {
    /// A JSON document as it is served.
    package struct Document: Sendable, Equatable {
        package let body: [UInt8]
        /// A strong entity tag with its quotes (RFC 9110 §8.8.3), of the body's SHA-256.
        package let entityTag: String

        package init(_ body: [UInt8]) {
            self.body = body
            self.entityTag = "\"\(Base64URL.encode(Array(SHA256.hash(data: body).prefix(16))))\""
        }
    }

    package let discovery: Document
    package let keys: Document
    /// Stock's `issuer-docs`: both documents as strings in one object.
    package let bundle: Document

    package init(_ documents: IssuerDocuments) {
        discovery = Document(documents.discovery)
        keys = Document(documents.keys)
        let bundle: JSONValue = [
            "discovery": .string(String(decoding: documents.discovery, as: UTF8.self)),
            "keys": .string(String(decoding: documents.keys, as: UTF8.self)),
        ]
        self.bundle = Document(bundle.utf8Text)
    }
}
