/// The URL of the gateway: `https://host[:port][/path]`. The host is a name, or an IPv4 or IPv6 address
/// ([RFC 3986] §3.2.2).
///
/// [RFC 3986]: https://www.rfc-editor.org/rfc/rfc3986
package struct ServerAddress: Sendable, Equatable {
    package let host: String
    /// Whether the host is an IP address. Then it is not resolved, SNI is not sent, and the certificate must have the
    /// address as a subject alternative name.
    package let isAddress: Bool
    package let port: Int
    /// Without a final slash.
    package let path: String

    /// nil if the text is not such a URL. A user, a query and a fragment are not supported.
    package init?(_ text: String) {
        guard text.hasPrefix("https://"), text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else { return nil }
        let rest = text.dropFirst(8)
        guard !rest.contains(where: { "?#@\\".contains($0) }) else { return nil }
        let slash = rest.firstIndex(of: "/") ?? rest.endIndex
        var authority = rest[..<slash]
        var path = rest[slash...]
        while path.hasSuffix("/") { path = path.dropLast() }
        if authority.hasPrefix("[") {
            guard let close = authority.firstIndex(of: "]") else { return nil }
            host = String(authority[authority.index(after: authority.startIndex)..<close])
            guard !host.isEmpty, host.contains(":"), host.allSatisfy({ $0.isHexDigit || ":.".contains($0) })
            else { return nil }
            isAddress = true
            authority = authority[authority.index(after: close)...]
        } else {
            let colon = authority.firstIndex(of: ":") ?? authority.endIndex
            host = String(authority[..<colon]).lowercased()
            guard (1...253).contains(host.utf8.count), host.first != ".", host.first != "-",
                host.allSatisfy({ $0.isLetter || $0.isNumber || "-._".contains($0) })
            else { return nil }
            isAddress = Self.isIPv4(host)
            authority = authority[colon...]
        }
        if authority.isEmpty {
            port = 443
        } else {
            guard authority.first == ":", let number = Int(authority.dropFirst()), (1...65_535).contains(number),
                authority.dropFirst().allSatisfy(\.isNumber)
            else { return nil }
            port = number
        }
        self.path = String(path)
    }

    /// The value of the Host field.
    package var authority: String {
        let host = host.contains(":") ? "[\(host)]" : host
        return port == 443 ? host : "\(host):\(port)"
    }

    private static func isIPv4(_ host: String) -> Bool {
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts.allSatisfy { UInt8($0) != nil }
    }
}
