import FoundationEssentials
import GatewayCore
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import NIOHTTP1

/// Answers every request of a listener: finds the route, maps errors to responses, and records the outcome in the access
/// log, the metrics and the audit.
struct GatewayResponder: Sendable {
    /// What a listener serves with one configuration.
    struct Served: Sendable {
        let table: RouteTable
        let maximumBodyBytes: Int
        /// nil for a listener without token calls.
        let decisions: DecisionReporting?
    }

    /// Called once for each request.
    let served: @Sendable () -> Served
    /// Whether each response closes its connection.
    let isDraining: @Sendable () -> Bool
    let logger: Logger

    init(
        isDraining: @escaping @Sendable () -> Bool, logger: Logger, served: @escaping @Sendable () -> Served
    ) {
        self.served = served
        self.isDraining = isDraining
        self.logger = logger
    }

    /// A responder whose configuration does not change.
    init(table: RouteTable, maximumBodyBytes: Int, decisions: DecisionReporting?, logger: Logger) {
        let served = Served(table: table, maximumBodyBytes: maximumBodyBytes, decisions: decisions)
        self.init(isDraining: { false }, logger: logger) { served }
    }

    func respond(to request: ReceivedRequest) async throws -> Response {
        let body: RequestBody
        var arrived: ByteBuffer?
        switch request.body {
        case .success(let buffer): (body, arrived) = (RequestBody(buffer: buffer), buffer)
        case .failure(let failure): body = RequestBody(asyncSequence: FailedBody(error: RequestError(failure)))
        }
        var response = try await respond(
            to: request.head, body: body, arrived: arrived, from: request.remoteAddress,
            isLoopback: request.isLoopback)
        // The client's next request goes to another replica. HTTP/2 has no such field (RFC 9113 §8.2.2); its server sends
        // GOAWAY when the listener stops.
        if isDraining(), !request.isStream { response.headers[.connection] = "close" }
        return response
    }

    /// - Parameter arrived: the whole body; nil where it has not arrived.
    func respond(
        to head: HTTPRequest, body: RequestBody, arrived: ByteBuffer? = nil, from remoteAddress: String?,
        isLoopback: Bool = false
    ) async throws -> Response {
        let start = ContinuousClock.now
        let served = served()
        let requestID = Self.newRequestID()
        // The origin form: a path and an optional query (RFC 9112 §3.2.1). The other forms match no route.
        let target = head.path ?? ""
        let path = target.prefix { $0 != "?" }
        let request = GatewayRequest(
            head: head, path: String(path),
            query: path.endIndex < target.endIndex ? String(target[path.endIndex...].dropFirst()) : nil,
            body: body, arrivedBody: arrived, maximumBodyBytes: served.maximumBodyBytes,
            remoteAddress: remoteAddress, isLoopback: isLoopback)

        var route: Route?
        var decision: TokenCallDecision?
        var response: Response
        do {
            let found = try served.table.route(request)
            route = found
            let outcome = try await found.handle(request)
            response = outcome.response
            decision = outcome.decision
        } catch let error as RequestError {
            response = error.response
        } catch let error as HTTPParserError {
            throw error
        } catch {
            response = .serverError
        }
        response.headers[.requestID] = requestID
        if head.method == .head { response = response.createHeadResponse() }

        let latency = ContinuousClock.now - start
        let record = decision.flatMap {
            served.decisions?.report($0, requestID: requestID, from: remoteAddress, latency: latency)
        }
        var metadata: Logger.Metadata = [
            "request_id": .string(requestID),
            "route": .string(route?.name.text ?? "none"),
            "method": .string(Self.logged(head.method)),
            "status": .stringConvertible(response.status.code),
            "duration_us": .stringConvertible(Int(latency / .microseconds(1))),
        ]
        if let endpoint = route?.endpoint { metadata["endpoint"] = .string(endpoint) }
        if let remoteAddress { metadata["remote"] = .string(remoteAddress) }
        if let record {
            metadata["decision"] = .string(record.decision.rawValue)
            if let reason = record.reason { metadata["reason"] = .string(reason) }
            if let code = record.code { metadata["code"] = .string("\(code)") }
        }
        logger.log(level: record == nil ? .debug : .info, "request", metadata: metadata)
        return response
    }

    private static func newRequestID() -> String {
        var random = SystemRandomNumberGenerator()
        let digits = String(random.next() as UInt64, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    /// The method for the access log. A client may send any token, so an unknown method is not logged.
    private static func logged(_ method: HTTPRequest.Method) -> String {
        [.get, .head, .post, .put, .delete, .options, .patch].contains(method) ? method.rawValue : "other"
    }
}

/// A body that was not read to its end.
private struct FailedBody: AsyncSequence, Sendable {
    struct AsyncIterator: AsyncIteratorProtocol {
        let error: RequestError

        func next() async throws -> ByteBuffer? { throw error }
    }

    let error: RequestError

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator(error: error) }
}

extension RequestError {
    fileprivate init(_ failure: ReceivedRequest.BodyFailure) {
        switch failure {
        case .tooLarge: self = .bodyTooLarge
        case .overloaded: self = .overloaded
        }
    }
}
