/// The name of a role session, as CloudTrail shows it: `<namespace>.<ServiceAccount>`, of at most 64 characters of
/// `[A-Za-z0-9_+=,.@-]` (`AssumeRoleWithWebIdentity`, RoleSessionName).
///
/// A longer name is cut and ends in a hash of the whole, so that two long names differ. The hash is FNV-1a: the name is
/// not a security boundary, because a workload can choose it freely.
struct RoleSessionName: Hashable, Sendable {
    let rawValue: String

    init(namespace: String, serviceAccountName: String) {
        let name = "\(namespace).\(serviceAccountName)"
        let allowed = name.utf8.map { Self.allows($0) ? $0 : UInt8(ascii: "-") }
        guard allowed.count > Self.maximumLength else {
            rawValue = String(decoding: allowed, as: UTF8.self)
            return
        }
        let tail = "-" + Self.hash(name)
        rawValue = String(decoding: allowed.prefix(Self.maximumLength - tail.utf8.count), as: UTF8.self) + tail
    }

    /// IAM's `[\w+=,.@-]`, which is also the alphabet of role names.
    static func allows(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "_+=,.@-".utf8.contains(byte)
        }
    }

    static let maximumLength = 64

    /// 64 bits of FNV-1a in 16 hexadecimal digits.
    private static func hash(_ text: String) -> String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        let digits = String(hash, radix: 16)
        return String(repeating: "0", count: 16 - digits.utf8.count) + digits
    }
}
