/// The path prefix of an endpoint's routes: one to four segments of `[a-z0-9][a-z0-9-]*`.
package struct PathPrefix: Hashable, Sendable, CustomStringConvertible {
    /// Without slashes; never empty.
    package let segments: [String]

    package init?(_ text: String) {
        guard text.utf8.count <= 255, text.utf8.first == UInt8(ascii: "/") else { return nil }
        let segments = text.dropFirst().split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard (1...4).contains(segments.count), segments.allSatisfy(Self.isSegment) else { return nil }
        self.segments = segments
    }

    private static func isSegment(_ segment: String) -> Bool {
        guard let first = segment.utf8.first, first != UInt8(ascii: "-") else { return false }
        return segment.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"): true
            default: false
            }
        }
    }

    package var description: String { "/" + segments.joined(separator: "/") }
}
