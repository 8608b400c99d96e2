// Keys of labels and annotations ("Labels and Selectors" and "Annotations", syntax and character set).

extension KubernetesName {
    /// Whether the text is the key of a label: a name, or an RFC 1123 subdomain, a slash and a name. The name is 1 to
    /// 63 of `[A-Za-z0-9._-]` with a letter or a digit at each end.
    public static func isLabelKey(_ text: some StringProtocol) -> Bool {
        let parts = text.utf8.split(separator: UInt8(ascii: "/"), maxSplits: 1, omittingEmptySubsequences: false)
        guard let name = parts.last, isKeyName(Array(name)) else { return false }
        return parts.count == 1 || isSubdomain(String(decoding: parts[0], as: UTF8.self))
    }

    /// Whether the text is the key of an annotation: as that of a label, but its prefix may have upper case letters,
    /// because the API server converts it to lower case before it validates it.
    public static func isAnnotationKey(_ text: some StringProtocol) -> Bool {
        text.utf8.allSatisfy { $0 < 0x80 } && isLabelKey(text.lowercased())
    }

    private static func isKeyName(_ bytes: [UInt8]) -> Bool {
        guard let first = bytes.first, let last = bytes.last, bytes.count <= 63 else { return false }
        return isLetterOrDigit(first) && isLetterOrDigit(last)
            && bytes.allSatisfy { isLetterOrDigit($0) || "-_.".utf8.contains($0) }
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: false
        }
    }
}
