import GatewayCore
import HTTPTypes
import Hummingbird
import NIOCore

/// The admin listener's liveness and readiness checks.
struct AdminRoutes: Sendable {
    /// One named check of `/readyz`.
    struct Check: Sendable {
        let name: String
        /// Whether a failure makes the replica unready.
        let isRequired: Bool
        /// The endpoint that it is about; nil for the replica as a whole.
        var endpoint: String?
        /// The code of the failure; nil where there is none.
        var code: @Sendable () -> ErrorCode? = { nil }
        /// Why the check fails; nil where it passes.
        let failure: @Sendable () -> String?
    }

    let checks: [Check]

    func add(to table: inout RouteTable) {
        table.add("/livez", Route(.livez, methods: [.get, .head]) { _ in .text("ok\n", .ok) })
        table.add("/readyz", Route(.readyz, methods: [.get, .head], respond: ready))
    }

    /// The format of the API server's health endpoints: `ok`, or with `?verbose` a line per check.
    private func ready(_ request: GatewayRequest) -> Response {
        let results = checks.map { (check: $0, failure: $0.failure()) }
        let isReady = !results.contains { $0.check.isRequired && $0.failure != nil }
        let isVerbose = request.query.map { query in
            query.split(separator: "&").contains { $0 == "verbose" || $0.hasPrefix("verbose=") }
        }
        var lines: [String] = []
        if isVerbose ?? false || !isReady {
            for result in results {
                guard let failure = result.failure else {
                    lines.append("[+]\(result.check.name) ok")
                    continue
                }
                let code = result.check.code().map { " (\($0))" } ?? ""
                lines.append("[-]\(result.check.name) failed: \(failure)\(code)")
            }
            lines.append(isReady ? "readyz check passed" : "readyz check failed")
        } else {
            lines.append("ok")
        }
        return .text(lines.joined(separator: "\n") + "\n", isReady ? .ok : .serviceUnavailable)
    }
}

extension Response {
    fileprivate static func text(_ text: String, _ status: HTTPResponse.Status) -> Response {
        Response(
            status: status, headers: [.contentType: "text/plain; charset=utf-8", .cacheControl: "no-store"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
    }
}
