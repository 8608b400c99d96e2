/// The name of a general purpose bucket (S3 User Guide, "General purpose buckets naming rules"): 3 to 63 lower-case letters,
/// digits, dots and hyphens, and not the form of an IPv4 address.
struct BucketName: Hashable, Sendable, CustomStringConvertible {
    let rawValue: String

    init?(_ text: String) {
        let labels = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard (3...63).contains(text.utf8.count),
            labels.allSatisfy({ label in
                guard let first = label.first, let last = label.last else { return false }
                return Self.isAlphanumeric(first) && Self.isAlphanumeric(last)
                    && label.allSatisfy { Self.isAlphanumeric($0) || $0 == UInt8(ascii: "-") }
            }), labels.count != 4 || !labels.allSatisfy({ $0.allSatisfy(Self.isDigit) })
        else { return nil }
        rawValue = text
    }

    /// Whether the name can be the first label of a host name that the service's wildcard certificate covers.
    var isHostLabel: Bool { !rawValue.contains(".") }

    /// The prefix or suffix by which the name is reserved, so that no bucket of S3 has it; nil for none. Other stores may
    /// allow it.
    var reservedPart: String? {
        Self.reservedPrefixes.first(where: rawValue.hasPrefix) ?? Self.reservedSuffixes.first(where: rawValue.hasSuffix)
    }

    private static let reservedPrefixes = ["xn--", "sthree-", "amzn-s3-demo-"]
    private static let reservedSuffixes = ["-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"]

    var description: String { rawValue }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"): true
        default: isDigit(byte)
        }
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
}
