import Crypto
import GatewayCore

/// The cache key of a review: SHA-256 over the token, the reviewer and the audiences, in any order.
///
/// Each field is preceded by its length, so that different inputs have different hashes. No audiences (those of the API
/// server) differ from an empty list.
struct ReviewKey: Hashable, Sendable {
    private let digest: SHA256Digest

    init(token: String, reviewer: String, audiences: [String]?) {
        var hash = SHA256()
        func add(_ text: String) {
            Self.add(text.utf8.count, to: &hash)
            var text = text
            text.withUTF8 { hash.update(bufferPointer: UnsafeRawBufferPointer($0)) }
        }
        add(token)
        add(reviewer)
        if let audiences {
            Self.add(audiences.count, to: &hash)
            for audience in audiences.sorted() { add(audience) }
        } else {
            Self.add(-1, to: &hash)
        }
        digest = hash.finalize()
    }

    private static func add(_ number: Int, to hash: inout SHA256) {
        withUnsafeBytes(of: Int64(number).bigEndian) { hash.update(bufferPointer: $0) }
    }
}
