import FoundationEssentials
import HTTPTypes
public import Hummingbird
import Logging
import NIOCore
import NIOHTTP1

/// What a listener's connections know: nothing beyond the channel and a logger.
public struct GatewayRequestContext: Sendable, InitializableFromSource {
    let logger: Logger
    let remoteAddress: SocketAddress?

    public init(source: ApplicationRequestContextSource) {
        logger = source.logger
        remoteAddress = source.channel.remoteAddress
    }
}

/// Answers every request of a listener: finds the route, maps refusals, writes the request's log record.
public struct GatewayResponder: HTTPResponder {
    let table: RouteTable
    let maximumBodyBytes: Int
    let logger: Logger

    init(table: RouteTable, maximumBodyBytes: Int, logger: Logger) {
        self.table = table
        self.maximumBodyBytes = maximumBodyBytes
        self.logger = logger
    }

    public func respond(to request: Request, context: GatewayRequestContext) async throws -> Response {
        try await respond(to: request.head, body: request.body, from: context.remoteAddress?.ipAddress)
    }

    func respond(to head: HTTPRequest, body: RequestBody, from remoteAddress: String?) async throws -> Response {
        let start = ContinuousClock.now
        let record = RequestRecord()
        let requestID = Self.newRequestID()
        var logger = logger
        logger[metadataKey: "request_id"] = "\(requestID)"
        // The form that servers take: a path and an optional query (RFC 9112 §3.2.1); other forms find no route.
        let target = head.path ?? ""
        let path = target.prefix { $0 != "?" }
        let request = GatewayRequest(
            head: head, path: String(path),
            query: path.endIndex < target.endIndex ? String(target[path.endIndex...].dropFirst()) : nil,
            body: body, maximumBodyBytes: maximumBodyBytes, logger: logger, record: record)

        var route: Route?
        var response: Response
        do {
            let found = try table.route(request)
            route = found
            response = try await found.respond(request)
        } catch let refusal as RequestRefusal {
            response = refusal.response
        } catch let error as HTTPParserError {
            throw error
        } catch {
            // The peer went away within its body, or a fault of ours: the type tells which, and quotes nothing.
            record.failed(error)
            response = .error(.internalServerError, "server_error", "the request failed; try again")
        }
        response.headers[Self.requestIDHeader] = requestID
        if head.method == .head { response = response.createHeadResponse() }

        var metadata = record.collected
        metadata["route"] = "\(route?.name ?? "none")"
        if let endpoint = route?.endpoint { metadata["endpoint"] = "\(endpoint)" }
        metadata["method"] = "\(Self.logged(head.method))"
        metadata["status"] = .stringConvertible(response.status.code)
        metadata["duration_us"] = .stringConvertible(Int((ContinuousClock.now - start) / .microseconds(1)))
        if let remoteAddress { metadata["remote"] = "\(remoteAddress)" }
        logger.log(level: metadata["decision"] == nil ? .debug : .info, "request", metadata: metadata)
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
