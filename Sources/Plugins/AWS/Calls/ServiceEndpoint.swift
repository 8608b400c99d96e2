import GatewayPluginAPI

/// The URL of a service, such as an override of its public one: `https://host[:port][/path]`; http is for tests only.
struct ServiceEndpoint: Sendable, Equatable {
    let scheme: String
    /// Host and port (RFC 3986 §3.2).
    let authority: String
    /// Empty, or with a first slash and without a last one.
    let path: String

    init(host: String) {
        scheme = "https"
        authority = host
        path = ""
    }

    init?(_ text: String) {
        guard let end = text.firstRange(of: "://") else { return nil }
        scheme = text[..<end.lowerBound].lowercased()
        guard scheme == "https" || scheme == "http" else { return nil }
        let rest = text[end.upperBound...]
        let authority = rest.prefix { $0 != "/" }
        guard Self.isAuthority(authority), rest.utf8.allSatisfy({ (0x21...0x7E).contains($0) }),
            !rest.contains(where: { "?#@%\\\"<>".contains($0) })
        else { return nil }
        var path = rest.dropFirst(authority.count)
        while path.last == "/" { path.removeLast() }
        // Services normalize such segments before they verify a signature, so the signature would never match.
        let segments = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
        guard segments.allSatisfy({ !["", ".", ".."].contains($0) }) else { return nil }
        self.authority = String(authority)
        self.path = String(path)
    }

    /// Whether the host is an IP address, which cannot have a bucket name as its first label.
    var isAddress: Bool {
        let host = authority.prefix { $0 != ":" }
        return authority.hasPrefix("[") || host.utf8.allSatisfy { Self.digits.contains($0) || $0 == UInt8(ascii: ".") }
    }

    /// A host name, an IPv4 address, or an IPv6 address in brackets; then a port.
    private static func isAuthority(_ text: Substring) -> Bool {
        var rest = text.utf8[...]
        if rest.first == UInt8(ascii: "[") {
            guard let bracket = rest.firstIndex(of: UInt8(ascii: "]")),
                rest.distance(from: rest.startIndex, to: bracket) > 2,
                rest[..<bracket].dropFirst().allSatisfy({
                    isHexadecimal($0) || $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: ".")
                })
            else { return false }
            rest = rest[bracket...].dropFirst()
        } else {
            let host = rest.prefix { $0 != UInt8(ascii: ":") }
            guard !host.isEmpty,
                host.allSatisfy({ isAlphanumeric($0) || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "-") })
            else { return false }
            rest = rest.dropFirst(host.count)
        }
        guard rest.first == UInt8(ascii: ":") else { return rest.isEmpty }
        let port = rest.dropFirst()
        return port.allSatisfy(digits.contains)
            && (Int(String(decoding: port, as: UTF8.self)).map { (1...65_535).contains($0) } ?? false)
    }

    private static let digits = UInt8(ascii: "0")...UInt8(ascii: "9")

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        digits.contains(byte) || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
    }

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        digits.contains(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte | 0x20)
    }

    var url: String { "\(scheme)://\(authority)\(path)" }
}
