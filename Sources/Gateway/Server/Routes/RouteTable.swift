import HTTPTypes

/// Finds the route of a request by its raw path. Nothing is decoded or normalized, so each path has one spelling, and
/// `/one` never matches `/onex` or `/One`.
struct RouteTable: Sendable {
    private var paths: [String: Route] = [:]
    /// Issuer documents by host and path, for requests that have the issuer's own host name.
    private var hosts: [String: [String: Route]] = [:]
    /// Looks for a route where the table has none.
    var fallback: (@Sendable (GatewayRequest) -> Route?)?

    mutating func add(_ path: String, _ route: Route) { paths[path] = route }

    mutating func add(host: String, path: String, _ route: Route) { hosts[host, default: [:]][path] = route }

    func route(_ request: GatewayRequest) throws(RequestError) -> Route {
        guard !Self.isAmbiguous(request.path) else { throw .ambiguousPath }
        guard let route = found(request) ?? fallback?(request) else { throw .unknownPath }
        guard route.methods.contains(request.head.method) else { throw .methodNotAllowed(route.methods) }
        return route
    }

    /// The table's own route of that host and path, whatever the method.
    func found(_ request: GatewayRequest) -> Route? {
        let ofHost = hosts.isEmpty ? nil : request.host.flatMap { hosts[$0]?[request.path] }
        return ofHost ?? paths[request.path]
    }

    /// Whether a proxy in front of the gateway may have read the path as another one.
    private static func isAmbiguous(_ path: String) -> Bool {
        let bytes = path.utf8
        if bytes.contains(where: { $0 == UInt8(ascii: "\\") || $0 <= 0x20 || $0 == 0x7F }) { return true }
        if bytes.contains(UInt8(ascii: "%")) {
            let lowered = path.lowercased()
            if ["%2f", "%5c", "%2e", "%00", "%25"].contains(where: lowered.contains) { return true }
        }
        guard bytes.contains(UInt8(ascii: ".")) else { return false }
        return bytes.split(separator: UInt8(ascii: "/")).contains {
            $0.elementsEqual("..".utf8) || $0.elementsEqual(".".utf8)
        }
    }
}
