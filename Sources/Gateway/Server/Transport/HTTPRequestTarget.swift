/// A request target (RFC 9112 §3.2): a path, of the origin form or of the absolute form.
struct HTTPRequestTarget: Equatable {
    /// With the query; nil where the target has none (RFC 9112 §3.2.3), such as `host:443`.
    let path: String?
    /// Of the absolute form; it replaces `Host` (RFC 9112 §3.2.2).
    let authority: String?

    init(_ text: String) throws(ProtocolViolation) {
        guard let end = Self.scheme(text) else {
            path = text
            authority = nil
            return
        }
        let rest = text[end...]
        let pathStart = rest.firstIndex { "/?#".contains($0) } ?? rest.endIndex
        let authority = String(rest[..<pathStart])
        guard HTTPAuthority.isValid(authority) else { throw .badRequest("the request target's host is invalid") }
        self.authority = authority
        let path = rest[pathStart...]
        self.path = path.hasPrefix("/") ? String(path) : "/" + path
    }

    /// Where the authority of an absolute form begins; nil for the other forms.
    private static func scheme(_ text: String) -> String.Index? {
        for scheme in ["https://", "http://"] where text.prefix(scheme.count).lowercased() == scheme {
            return text.index(text.startIndex, offsetBy: scheme.count)
        }
        return nil
    }
}

/// `uri-host [ ":" port ]` (RFC 9110 §7.2), the value of `Host`.
enum HTTPAuthority {
    /// Whether it is a name or an address that is not empty, with or without a port. User information is not allowed
    /// (RFC 9110 §4.2.4).
    static func isValid(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        let host: ArraySlice<UInt8>
        let rest: ArraySlice<UInt8>
        if bytes.first == UInt8(ascii: "[") {
            guard let end = bytes.firstIndex(of: UInt8(ascii: "]")) else { return false }
            host = bytes[1..<end]
            rest = bytes[(end + 1)...]
            guard host.allSatisfy({ isHexDigit($0) || ":.".utf8.contains($0) }) else { return false }
        } else {
            let end = bytes.firstIndex(of: UInt8(ascii: ":")) ?? bytes.endIndex
            host = bytes[..<end]
            rest = bytes[end...]
            guard isName(host) else { return false }
        }
        guard !host.isEmpty else { return false }
        guard let colon = rest.first else { return true }
        let port = rest.dropFirst()
        return colon == UInt8(ascii: ":") && port.count <= 5 && port.allSatisfy(isDigit)
    }

    /// `reg-name` (RFC 3986 §3.2.2).
    private static func isName(_ bytes: ArraySlice<UInt8>) -> Bool {
        var index = bytes.startIndex
        while index < bytes.endIndex {
            let byte = bytes[index]
            if byte == UInt8(ascii: "%") {
                guard bytes.endIndex - index > 2, isHexDigit(bytes[index + 1]), isHexDigit(bytes[index + 2]) else {
                    return false
                }
                index += 3
                continue
            }
            guard isDigit(byte) || isLetter(byte) || "-._~!$&'()*+,;=".utf8.contains(byte) else { return false }
            index += 1
        }
        return true
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
    }

    private static func isHexDigit(_ byte: UInt8) -> Bool {
        isDigit(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte | 0x20)
    }
}
