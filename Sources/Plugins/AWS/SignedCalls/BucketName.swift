/// The name of a general purpose bucket (S3 User Guide, "General purpose buckets naming rules"): 3 to 63 lower-case letters,
/// digits, dots and hyphens.
struct BucketName: Hashable, Sendable, CustomStringConvertible {
    let rawValue: String

    init?(_ text: String) {
        let labels = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard (3...63).contains(text.utf8.count),
            labels.allSatisfy({ label in
                guard let first = label.first, let last = label.last else { return false }
                return Self.isAlphanumeric(first) && Self.isAlphanumeric(last)
                    && label.allSatisfy { Self.isAlphanumeric($0) || $0 == UInt8(ascii: "-") }
            })
        else { return nil }
        rawValue = text
    }

    /// Whether the name can be the first label of a host name that the service's wildcard certificate covers.
    var isHostLabel: Bool { !rawValue.contains(".") }

    var description: String { rawValue }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        default: false
        }
    }
}
