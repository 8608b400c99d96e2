import FoundationEssentials

/// Where an API server listens: always `https`.
package struct KubernetesServer: Sendable, Equatable {
    /// A name or an address, without brackets.
    package let host: String
    package let port: Int
    /// What comes before `/api` and `/apis`, such as `/k8s/clusters/c-1`; no slash at the end, empty for most.
    package let basePath: String

    package init?(host: String, port: Int, basePath: String = "") {
        guard (1...65535).contains(port), !host.isEmpty, host.utf8.allSatisfy(Self.isHostByte) else { return nil }
        self.host = host
        self.port = port
        self.basePath = basePath
    }

    /// Reads an `https` URL with host, and maybe port and path; nil for anything else.
    package init?(url: String) {
        guard let parts = URLComponents(string: url), parts.scheme?.lowercased() == "https", let host = parts.host,
            parts.user == nil, parts.password == nil, parts.query == nil, parts.fragment == nil
        else { return nil }
        var path = parts.percentEncodedPath
        while path.hasSuffix("/") { path.removeLast() }
        self.init(host: host.filter { $0 != "[" && $0 != "]" }, port: parts.port ?? 443, basePath: path)
    }

    /// Host and port as a URL and the `Host` field write them.
    package var authority: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

    private static func isHostByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"),
            UInt8(ascii: ":"):
            true
        default: false
        }
    }
}
