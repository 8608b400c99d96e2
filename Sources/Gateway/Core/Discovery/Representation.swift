import Crypto
import JOSE

/// The content of a cacheable HTTP response and its validator (RFC 9110 §3.2, §8.8).
package struct Representation: Sendable, Equatable {
    package let content: [UInt8]
    /// A strong entity tag with its quotes (RFC 9110 §8.8.3), derived from the content's SHA-256.
    package let entityTag: String

    package init(_ content: [UInt8]) {
        self.content = content
        entityTag = "\"\(Base64URL.encode(Array(SHA256.hash(data: content).prefix(16))))\""
    }
}
