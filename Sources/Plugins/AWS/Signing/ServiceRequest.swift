import GatewayPluginAPI

/// A call of a service before it is signed and encoded.
struct ServiceRequest: Sendable, Equatable {
    var method: String
    /// With its port, where that is not the scheme's.
    var host: String
    /// Decoded, with its first slash.
    var path: String
    /// Decoded.
    var query: [HTTPHeaderField] = []
    var headers: [HTTPHeaderField] = []
    var body: [UInt8] = []

    /// The path as it is sent: every segment is escaped once.
    var encodedPath: String { path.isEmpty ? "/" : PercentEncoding.encode(path.utf8, keepsSlash: true) }

    /// The query as it is sent and signed: escaped, and in the order of its escaped names.
    var encodedQuery: String {
        query.map { (PercentEncoding.encode($0.name.utf8), PercentEncoding.encode($0.value.utf8)) }
            .sorted { $0 < $1 }
            .map { "\($0)=\($1)" }.joined(separator: "&")
    }
}
