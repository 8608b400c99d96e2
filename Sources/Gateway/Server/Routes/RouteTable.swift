import HTTPTypes
import Hummingbird

/// One path's handler and the methods it takes.
struct Route: Sendable {
    /// What logs and metrics call it; a closed set, never a path that was sent.
    let name: String
    /// The endpoint's name; nil for what belongs to the gateway as a whole.
    let endpoint: String?
    let methods: [HTTPRequest.Method]
    let respond: @Sendable (GatewayRequest) async throws -> Response
}

/// Finds a request's route by its raw path. Nothing is decoded and nothing normalised, so there is one spelling of each
/// path, and `/one` can never catch `/onex` or `/One`.
struct RouteTable: Sendable {
    private var paths: [String: Route] = [:]
    /// Issuer documents by host and path, for requests that come to the issuer's own name.
    private var hosts: [String: [String: Route]] = [:]

    mutating func add(_ path: String, _ route: Route) { paths[path] = route }

    mutating func add(host: String, path: String, _ route: Route) { hosts[host, default: [:]][path] = route }

    /// - Throws: a ``RequestRefusal``.
    func route(_ request: GatewayRequest) throws(RequestRefusal) -> Route {
        guard !Self.isAmbiguous(request.path) else { throw .ambiguousPath }
        let ofHost = hosts.isEmpty ? nil : request.host.flatMap { hosts[$0]?[request.path] }
        guard let route = ofHost ?? paths[request.path] else { throw .unknownPath }
        guard route.methods.contains(request.head.method) else { throw .methodNotAllowed(route.methods) }
        return route
    }

    /// Spellings that another server in front might have read as another path.
    private static func isAmbiguous(_ path: String) -> Bool {
        let bytes = path.utf8
        if bytes.contains(UInt8(ascii: "\\")) || bytes.contains(where: { $0 <= 0x20 || $0 == 0x7F }) { return true }
        if bytes.contains(UInt8(ascii: "%")) {
            let lowered = path.lowercased()
            if ["%2f", "%5c", "%2e", "%00", "%25"].contains(where: lowered.contains) { return true }
        }
        return bytes.split(separator: UInt8(ascii: "/")).contains {
            $0.elementsEqual("..".utf8) || $0.elementsEqual(".".utf8)
        }
    }
}
