/// An HTTP proxy: `http://[user:password@]host:port`, the format of `HTTPS_PROXY`; the scheme is optional.
package struct ProxyAddress: Hashable, Sendable {
    package let host: String
    package let port: Int
    /// `user:password`, decoded; a secret.
    package let credentials: String?

    package init?(_ text: String) {
        var rest = text[...]
        if let scheme = rest.firstRange(of: "://") {
            guard rest[..<scheme.lowerBound].lowercased() == "http" else { return nil }
            rest = rest[scheme.upperBound...]
        }
        while rest.last == "/" { rest.removeLast() }
        if let at = rest.lastIndex(of: "@") {
            guard let decoded = Self.decode(rest[..<at]) else { return nil }
            credentials = decoded
            rest = rest[rest.index(after: at)...]
        } else {
            credentials = nil
        }
        guard let address = ListenAddress(String(rest)) ?? ListenAddress("\(rest):80"), address.port > 0 else {
            return nil
        }
        host = address.host
        port = address.port
    }

    private static func decode(_ text: Substring) -> String? {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let first = rest.popFirst() {
            guard first == UInt8(ascii: "%") else {
                bytes.append(first)
                continue
            }
            guard rest.count >= 2, let byte = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) else {
                return nil
            }
            bytes.append(byte)
            rest = rest.dropFirst(2)
        }
        return String(validating: bytes, as: UTF8.self)
    }
}
