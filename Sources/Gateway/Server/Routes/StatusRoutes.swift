import FoundationEssentials
import GatewayCore
import HTTPTypes
import Hummingbird
import JSON
import NIOCore

/// The admin listener's `GET /status`: a page, JSON or text about this replica.
///
/// It answers only on a loopback address and for a local `Host`, as through `kubectl port-forward`: a mesh proxy connects
/// to a loopback address with the caller's `Host`, and a page of another site reaches this address with its own (DNS
/// rebinding).
struct StatusRoutes: Sendable {
    /// Further values of `Host`, in lower case without port, that are answered at any address.
    let hosts: [String]
    let report: @Sendable () async -> StatusReport

    private static let localHosts: Set<String> = ["localhost", "127.0.0.1", "[::1]"]

    func add(to table: inout RouteTable) {
        table.add("/status", Route(.status, methods: [.get, .head]) { await respond($0) })
    }

    private func respond(_ request: GatewayRequest) async -> Response {
        guard isAllowed(request) else {
            return .error(
                .forbidden, "status_not_local",
                "the status is shown on a loopback address only; use kubectl port-forward and http://localhost:9090/status, "
                    + "or set status.hosts")
        }
        guard let format = Self.format(request) else {
            return .error(
                .badRequest, "invalid_request",
                "unknown format; expected \(Format.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        let report = await report()
        switch format {
        case .html:
            var headers = Self.headers("text/html; charset=utf-8")
            headers[.contentSecurityPolicy] = StatusPage.contentSecurityPolicy
            return Self.response(StatusPage(report).html.utf8, headers)
        case .json: return Self.response(report.json.utf8Text, Self.headers("application/json"))
        case .text: return Self.response(report.text.utf8, Self.headers("text/plain; charset=utf-8"))
        }
    }

    private func isAllowed(_ request: GatewayRequest) -> Bool {
        guard let host = request.host else { return false }
        return request.isLoopback && Self.localHosts.contains(host) || hosts.contains(host)
    }

    private enum Format: String, CaseIterable {
        case html, json, text
    }

    /// The query's `format`, else the first media type of `Accept` that is known.
    ///
    /// - Returns: nil for an unknown `format`.
    private static func format(_ request: GatewayRequest) -> Format? {
        for part in request.query?.split(separator: "&") ?? [] where part.hasPrefix("format=") {
            return Format(rawValue: String(part.dropFirst("format=".count)))
        }
        for type in request.head.headerFields[.accept]?.split(separator: ",") ?? [] {
            switch type.prefix(while: { $0 != ";" }).filter({ $0 != " " }).lowercased() {
            case "text/html": return .html
            case "application/json": return .json
            case "text/plain": return .text
            default: continue
            }
        }
        return .html
    }

    private static func headers(_ contentType: String) -> HTTPFields {
        var headers: HTTPFields = [.contentType: contentType, .cacheControl: "no-store", .vary: "Accept"]
        headers[.xContentTypeOptions] = "nosniff"
        headers[GatewayHeader.referrerPolicy] = "no-referrer"
        headers[GatewayHeader.resourcePolicy] = "same-origin"
        return headers
    }

    private static func response(_ bytes: some Collection<UInt8>, _ headers: HTTPFields) -> Response {
        Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
    }
}
