import GatewayPluginAPI

/// A request to a service before it is encoded and signed.
struct ServiceRequest: Sendable, Equatable {
    var method: String
    /// With the port, unless it is the scheme's default.
    var host: String
    /// Not encoded, with its first slash.
    var path: String
    /// Not encoded.
    var query: [HTTPHeaderField] = []
    var headers: [HTTPHeaderField] = []
    var body: [UInt8] = []

    /// The path as it is sent: every segment is percent-encoded once.
    var encodedPath: String { path.isEmpty ? "/" : PercentEncoding.encode(path.utf8, keepsSlash: true) }

    /// The query as it is sent and signed: percent-encoded, sorted by encoded name.
    var encodedQuery: String {
        query.map { (PercentEncoding.encode($0.name.utf8), PercentEncoding.encode($0.value.utf8)) }
            .sorted { $0 < $1 }
            .map { "\($0)=\($1)" }.joined(separator: "&")
    }
}
