import FoundationEssentials
import GatewayCore
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import NIOHTTP1

/// What a request's connection tells: who is at its other end.
struct GatewayRequestContext: Sendable, InitializableFromSource {
    let remoteAddress: SocketAddress?
    /// Whether it is one of several streams of a connection, as HTTP/2 has them: a channel below the connection's own.
    let isStream: Bool

    init(source: ApplicationRequestContextSource) {
        remoteAddress = source.channel.remoteAddress
        isStream = source.channel.parent?.parent != nil
    }
}

/// Answers every request of a listener: finds the route, maps refusals, and tells the log and the audit what came of it.
struct GatewayResponder: HTTPResponder {
    /// What a listener serves at a moment.
    struct Served: Sendable {
        let table: RouteTable
        let maximumBodyBytes: Int
        /// nil where the listener decides nothing.
        let decisions: DecisionReporting?
    }

    /// Asked once for each request.
    let served: @Sendable () -> Served
    /// Whether connections are to end with their next answer.
    let isDraining: @Sendable () -> Bool
    let logger: Logger

    init(
        isDraining: @escaping @Sendable () -> Bool, logger: Logger, served: @escaping @Sendable () -> Served
    ) {
        self.served = served
        self.isDraining = isDraining
        self.logger = logger
    }

    /// Serves the same all the time.
    init(table: RouteTable, maximumBodyBytes: Int, decisions: DecisionReporting?, logger: Logger) {
        let served = Served(table: table, maximumBodyBytes: maximumBodyBytes, decisions: decisions)
        self.init(isDraining: { false }, logger: logger) { served }
    }

    func respond(to request: Request, context: GatewayRequestContext) async throws -> Response {
        var response = try await respond(
            to: request.head, body: request.body, from: context.remoteAddress?.ipAddress)
        // Its client's next request belongs to another replica. HTTP/2 has no such field (RFC 9113 §8.2.2), and says so
        // itself when the listener ends.
        if isDraining(), !context.isStream { response.headers[.connection] = "close" }
        return response
    }

    func respond(to head: HTTPRequest, body: RequestBody, from remoteAddress: String?) async throws -> Response {
        let start = ContinuousClock.now
        let record = RequestRecord()
        let served = served()
        let requestID = Self.newRequestID()
        var logger = logger
        logger[metadataKey: "request_id"] = "\(requestID)"
        // The form that servers take: a path and an optional query (RFC 9112 §3.2.1); other forms find no route.
        let target = head.path ?? ""
        let path = target.prefix { $0 != "?" }
        let request = GatewayRequest(
            head: head, path: String(path),
            query: path.endIndex < target.endIndex ? String(target[path.endIndex...].dropFirst()) : nil,
            body: body, maximumBodyBytes: served.maximumBodyBytes, record: record)

        var route: Route?
        var response: Response
        do {
            let found = try served.table.route(request)
            route = found
            response = try await found.respond(request)
        } catch let refusal as RequestRefusal {
            response = refusal.response
            record.conclude(.malformed(refusal.oauthError))
        } catch let error as HTTPParserError {
            throw error
        } catch {
            // The peer went away within its body, or a fault of ours: the type tells which, and quotes nothing.
            record.conclude(.failed(reason: "\(type(of: error))"))
            response = .error(.internalServerError, "server_error", "the request failed; try again")
        }
        response.headers[Self.requestIDHeader] = requestID
        if head.method == .head { response = response.createHeadResponse() }

        let latency = ContinuousClock.now - start
        let decision = route.flatMap {
            served.decisions?.report(
                record.findings, of: $0, requestID: requestID, from: remoteAddress, latency: latency)
        }
        var metadata: Logger.Metadata = [
            "route": "\(route?.name ?? "none")",
            "method": "\(Self.logged(head.method))",
            "status": .stringConvertible(response.status.code),
            "duration_us": .stringConvertible(Int(latency / .microseconds(1))),
        ]
        if let endpoint = route?.endpoint { metadata["endpoint"] = "\(endpoint)" }
        if let remoteAddress { metadata["remote"] = "\(remoteAddress)" }
        if let decision {
            metadata["decision"] = "\(decision.decision.rawValue)"
            if let reason = decision.reason { metadata["reason"] = "\(reason)" }
        }
        logger.log(level: decision == nil ? .debug : .info, "request", metadata: metadata)
        return response
    }

    static let requestIDHeader = HTTPField.Name("X-Request-Id") ?? .date

    private static func newRequestID() -> String {
        var random = SystemRandomNumberGenerator()
        let digits = String(random.next() as UInt64, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    /// A method is any token that was sent, so only the known ones are logged.
    private static func logged(_ method: HTTPRequest.Method) -> String {
        [.get, .head, .post, .put, .delete, .options, .patch].contains(method) ? method.rawValue : "other"
    }
}
