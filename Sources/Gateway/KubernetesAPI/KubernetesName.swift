/// The name rules of Kubernetes ("Object Names and IDs").
public enum KubernetesName {
    /// Whether the text is an RFC 1123 label: 1 to 63 of `[a-z0-9-]`, no hyphen at an end.
    public static func isLabel(_ text: some StringProtocol) -> Bool {
        isLabel(Array(text.utf8)[...])
    }

    /// Whether the text is an RFC 1123 subdomain: labels joined by dots, 253 bytes at most. A label may be as long as
    /// the whole.
    public static func isSubdomain(_ text: some StringProtocol) -> Bool {
        let bytes = Array(text.utf8)
        guard (1...253).contains(bytes.count) else { return false }
        return bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
            .allSatisfy { isLabel($0, maximumLength: 253) }
    }

    private static func isLabel(_ bytes: ArraySlice<UInt8>, maximumLength: Int = 63) -> Bool {
        guard let first = bytes.first, let last = bytes.last, bytes.count <= maximumLength else { return false }
        return isAlphanumeric(first) && isAlphanumeric(last)
            && bytes.allSatisfy { isAlphanumeric($0) || $0 == UInt8(ascii: "-") }
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        default: false
        }
    }
}
