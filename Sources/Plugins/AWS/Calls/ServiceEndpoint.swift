import GatewayPluginAPI

/// Where a service is called in place of its public address: `https://host[:port][/path]`, http for tests only.
struct ServiceEndpoint: Sendable, Equatable {
    let scheme: String
    /// With the port, where one is written.
    let authority: String
    /// Empty, or with its first slash and without its last.
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
        guard !authority.isEmpty,
            rest.utf8.allSatisfy({ (0x21...0x7E).contains($0) }), !rest.contains(where: { "?#@%\\\"<>".contains($0) })
        else { return nil }
        var path = rest.dropFirst(authority.count)
        while path.last == "/" { path.removeLast() }
        self.authority = String(authority)
        self.path = String(path)
    }

    var url: String { "\(scheme)://\(authority)\(path)" }
}
