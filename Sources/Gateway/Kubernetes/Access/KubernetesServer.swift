import FoundationEssentials

/// The address of an API server. The scheme is always `https`.
public struct KubernetesServer: Sendable, Equatable {
    /// A name or an address, without brackets.
    public let host: String
    /// From 1 to 65535.
    public let port: Int
    /// The path before `/api` and `/apis`, such as `/k8s/clusters/c-1`; without a slash at the end, empty for most
    /// servers.
    public let basePath: String

    /// Creates an address of its parts; nil if host or port is not valid.
    public init?(host: String, port: Int, basePath: String = "") {
        guard (1...65535).contains(port), !host.isEmpty, host.utf8.allSatisfy(Self.isHostByte) else { return nil }
        self.host = host
        self.port = port
        self.basePath = basePath
    }

    /// Reads an `https` URL of a host, optionally with port and path; nil for any other text.
    public init?(url: String) {
        guard let parts = URLComponents(string: url), parts.scheme?.lowercased() == "https", let host = parts.host,
            parts.user == nil, parts.password == nil, parts.query == nil, parts.fragment == nil
        else { return nil }
        var path = parts.percentEncodedPath
        while path.hasSuffix("/") { path.removeLast() }
        self.init(host: host.filter { $0 != "[" && $0 != "]" }, port: parts.port ?? 443, basePath: path)
    }

    /// Host and port as in a URL and in the `Host` field.
    public var authority: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

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
