import GatewayCore
import HTTPTypes
import Hummingbird
import NIOCore

/// The admin listener: whether the process lives, and whether it can serve.
struct AdminRoutes: Sendable {
    /// One thing that was to be loaded at start.
    struct Check: Sendable {
        let name: String
        /// Whether it makes the replica unready.
        let isRequired: Bool
        /// nil where all is well, else why not.
        let failure: @Sendable () -> String?
    }

    let checks: [Check]

    func add(to table: inout RouteTable) {
        table.add("/livez", Route(name: "livez", endpoint: nil, methods: [.get, .head]) { _ in .text("ok\n", .ok) })
        table.add("/readyz", Route(name: "readyz", endpoint: nil, methods: [.get, .head], respond: ready))
    }

    /// In the form of the API server's own health endpoints: `ok`, or with `?verbose` a line per check.
    private func ready(_ request: GatewayRequest) -> Response {
        let results = checks.map { (check: $0, failure: $0.failure()) }
        let isReady = !results.contains { $0.check.isRequired && $0.failure != nil }
        let isVerbose = request.query.map { query in
            query.split(separator: "&").contains { $0 == "verbose" || $0.hasPrefix("verbose=") }
        }
        var lines: [String] = []
        if isVerbose ?? false || !isReady {
            for result in results {
                lines.append(
                    result.failure.map { "[-]\(result.check.name) failed: \($0)" } ?? "[+]\(result.check.name) ok")
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
