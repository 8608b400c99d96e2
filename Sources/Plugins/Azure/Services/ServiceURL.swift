import GatewayPluginAPI

/// The URL of a service that settings override.
enum ServiceURL {
    static let expected = "expected https://HOST, or http://127.0.0.1:PORT for tests"

    /// Returns the URL without a final slash; nil where it is not `https://` (or `http://` to this machine) with a host, an
    /// optional port and an optional path.
    static func parse(_ text: String) -> String? {
        var rest = text[...]
        if rest.hasSuffix("/") { rest.removeLast() }
        for scheme in ["https://", "http://127.0.0.1:", "http://localhost:"] where rest.hasPrefix(scheme) {
            let body = rest.dropFirst(scheme.count)
            guard let first = body.utf8.first, isWord(first),
                body.utf8.allSatisfy({ isWord($0) || ".-:/_".utf8.contains($0) }), !body.contains("//"),
                !body.split(separator: "/").contains("..")
            else { return nil }
            return String(rest)
        }
        return nil
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "A")...UInt8(ascii: "Z"):
            true
        default: false
        }
    }
}
