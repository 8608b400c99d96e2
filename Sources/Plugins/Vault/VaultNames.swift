import GatewayPluginAPI

/// The texts of settings and annotations that become parts of URLs and of files.
enum VaultNames {
    /// Returns the URL of a server without a final slash; nil where it is not `https://` or `http://` with a host, an
    /// optional port and an optional path of unreserved characters (RFC 3986 §2.3).
    static func address(_ text: String) -> String? {
        var rest = text[...]
        while rest.hasSuffix("/") { rest.removeLast() }
        let prefix = ["https://", "http://"].first { rest.hasPrefix($0) }
        guard let prefix, rest.utf8.count <= 255 else { return nil }
        let body = rest.dropFirst(prefix.count)
        guard let first = body.unicodeScalars.first, isWord(first) || first == "[",
            body.unicodeScalars.allSatisfy({ isWord($0) || ".-~:[]/".unicodeScalars.contains($0) }),
            !body.contains("//"), !body.split(separator: "/").contains("..")
        else { return nil }
        return String(rest)
    }

    /// Whether the text is the path of a mount or of a namespace: segments of letters, digits, `_`, `-` and `.`.
    static func isPath(_ text: String) -> Bool {
        guard (1...128).contains(text.utf8.count) else { return false }
        return text.split(separator: "/", omittingEmptySubsequences: false).allSatisfy { segment in
            !segment.isEmpty && segment != "." && segment != ".."
                && segment.unicodeScalars.allSatisfy { isWord($0) || "-.".unicodeScalars.contains($0) }
        }
    }

    /// Whether the text is the name of a role: the characters that the path of a role allows
    /// (`framework.GenericNameRegex`).
    static func isRole(_ text: String) -> Bool {
        let scalars = text.unicodeScalars
        guard (1...128).contains(scalars.count), let first = scalars.first, let last = scalars.last, isWord(first),
            isWord(last)
        else { return false }
        return scalars.allSatisfy { isWord($0) || "-.".unicodeScalars.contains($0) }
    }

    private static func isWord(_ scalar: Unicode.Scalar) -> Bool {
        scalar == "_" || scalar.isASCII && scalar.properties.isAlphabetic || ("0"..."9").contains(scalar)
    }

    static let expectedAddress = "expected a URL such as https://vault.example.com:8200"
    static let expectedMount =
        "expected the path of an auth mount without \"auth/\", such as sts-gateway"
    static let expectedRole = "expected 1 to 128 letters, digits, \"_\", \"-\" and \".\""
    static let expectedNamespace = "expected the path of a namespace, such as team-a"
}
