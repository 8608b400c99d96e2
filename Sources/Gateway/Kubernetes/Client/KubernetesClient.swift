import AsyncHTTPClient
public import FoundationEssentials
import HTTPTypes
import JSON
import KubernetesAPI
import NIOCore
import NIOHTTP1
import NIOSSL

/// Calls an API server: HTTPS with the configured authorities, HTTP/1.1 on persistent connections, no redirects, no
/// proxy, responses of bounded size, and the credentials that are on disk now.
public struct KubernetesClient: Sendable {
    /// Times in seconds, sizes in bytes.
    public struct Limits: Sendable {
        /// For connecting.
        public var connectTimeout = 3.0
        /// For a whole call, including connecting.
        public var requestTimeout = 10.0
        /// For the head of the response to a watch, including connecting. The API server sends it immediately; a
        /// connection that died between two watches must not delay the next one for longer.
        public var watchHeadTimeout = 4.0
        /// The maximum size of a response.
        public var replyBytes = 4 << 20
        /// A watch that receives nothing for this time is cancelled, because its connection may be dead: it is more
        /// than ``Reflector/Settings/watchSeconds``, after which a live connection has the end of the watch.
        public var watchIdleTimeout = 10.0
        /// The maximum size of an event of a watch.
        public var eventBytes = 4 << 20
        /// The maximum number of connections for calls, and of those for watches; further ones wait.
        public var connections = 32

        /// Creates the default limits.
        public init() {}
    }

    private let server: KubernetesServer
    private let urlPrefix: String
    private let credentials: KubernetesCredentials
    private let userAgent: String
    /// The limits of all calls.
    public let limits: Limits
    /// The API server's clock.
    public let serverClock: ServerClock
    /// Whether the API server answers.
    public let reachability: ServerReachability
    private let scheduler: KubernetesScheduler
    private let timeouts: CallTimeouts
    private let calls: HTTPClient
    /// Watches have connections of their own. After a dead path, every idle connection may be dead: a watch that took
    /// one of another call would wait for its timeout, once for each.
    private let watches: HTTPClient

    /// Creates a client. It opens no connection yet.
    ///
    /// - Parameters:
    ///   - userAgent: the `User-Agent` field of all calls.
    ///   - scheduler: its clock ends calls. Connecting and an idle watch end by the HTTP client's own clock.
    /// - Returns: the client, and a service that must run, or be shut down.
    public static func make(
        _ access: ClusterAccess, credentials: KubernetesCredentials, userAgent: String, limits: Limits = Limits(),
        scheduler: KubernetesScheduler
    ) -> (client: KubernetesClient, service: KubernetesClientService) {
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow, decompression: .disabled)
        configuration.timeout = .init(
            connect: .init(seconds: limits.connectTimeout), read: .init(seconds: limits.watchIdleTimeout))
        configuration.httpVersion = .http1Only
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = limits.connections
        // Spans of a tracer that does nothing, with attributes of each call.
        configuration.tracing.tracer = nil
        // A failure is returned immediately; the caller decides whether to call again.
        configuration.connectionPool.retryConnectionEstablishment = false
        var host = access.server.host
        if let name = access.serverName {
            // The URL has the name that the certificate must have; the connection goes to the address.
            configuration.dnsOverride = [name: host]
            host = name
        }
        let named = KubernetesServer(host: host, port: access.server.port) ?? access.server
        let calls = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        let watches = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        return (
            KubernetesClient(
                server: access.server, urlPrefix: "https://\(named.authority)\(access.server.basePath)",
                credentials: credentials, userAgent: userAgent, limits: limits, serverClock: ServerClock(),
                reachability: ServerReachability(),
                scheduler: scheduler, timeouts: CallTimeouts(scheduler: scheduler), calls: calls, watches: watches),
            KubernetesClientService(clients: [calls, watches])
        )
    }

    /// Sends a call. After a 401 the credentials are read again and the call is sent once more. All other statuses are
    /// returned.
    ///
    /// - Parameters:
    ///   - now: for the age of the credentials and for `Retry-After`.
    ///   - timeout: in seconds, if it is less than ``Limits/requestTimeout``.
    public func send(
        _ request: KubernetesRequest, at now: Date, timeout: Double? = nil
    ) async throws(KubernetesRequestError) -> KubernetesReply {
        let end = scheduler.monotonic() + min(timeout ?? limits.requestTimeout, limits.requestTimeout)
        do {
            var reply = try await attempt(request, credentials.current(at: now), now, until: end)
            if reply.status == 401, credentials.renew(at: now) {
                reply = try await attempt(request, credentials.current(at: now), now, until: end)
            }
            reply = await explained(reply, at: now, until: end)
            reachability.record(nil)
            return reply
        } catch {
            let error = Self.mapped(error)
            // A cancelled call says nothing.
            if error != .cancelled { reachability.record(error.description) }
            throw error
        }
    }

    /// The server may close a persistent connection while a call is sent on it; repeatable calls are sent again then.
    private func attempt(
        _ request: KubernetesRequest, _ current: KubernetesCredentials.Current, _ now: Date, until end: Double
    ) async throws -> KubernetesReply {
        do {
            return try await exchange(request, current, now, until: end)
        } catch {
            guard request.isRepeatable, Self.isClosedConnection(error) else { throw error }
        }
        return try await exchange(request, current, now, until: end)
    }

    private func exchange(
        _ request: KubernetesRequest, _ current: KubernetesCredentials.Current, _ now: Date, until end: Double
    ) async throws -> KubernetesReply {
        let sent = scheduler.monotonic()
        let message = try message(request, current)
        let response = try await timeouts.response(
            to: calls.execute(
                request: message,
                delegate: ResponseAccumulator(request: message, maxBodySize: limits.replyBytes)), until: end)
        serverClock.record(
            date: response.headers.first(name: "Date"), sent: sent, received: scheduler.monotonic())
        let body = response.body.map { Array($0.readableBytesView) } ?? []
        return Self.reply(response.status, response.headers, body, at: now)
    }

    /// Replaces a 403 of an API server that is not ready: it denies everything until it has loaded its RBAC rules, which
    /// says nothing about the caller's rights. Its `/readyz` is open to everybody by default.
    ///
    /// - Parameter end: in monotonic seconds; nil for that of a call that begins now.
    func explained(_ reply: KubernetesReply, at now: Date, until end: Double? = nil) async -> KubernetesReply {
        guard reply.status == 403 else { return reply }
        let end = end ?? scheduler.monotonic() + limits.requestTimeout
        let readiness = try? await exchange(
            KubernetesRequest(.get, "/readyz", accept: "*/*"), credentials.current(at: now), now, until: end)
        guard let readiness, readiness.status >= 500 else { return reply }
        return KubernetesReply(status: 503, body: KubernetesStatus.starting, retryAfter: nil)
    }

    private func message(
        _ request: KubernetesRequest, _ current: KubernetesCredentials.Current
    ) throws -> HTTPClient.Request {
        let body = (request.content ?? request.body?.utf8Text).map { HTTPClient.Body.byteBuffer(ByteBuffer(bytes: $0)) }
        return try HTTPClient.Request(
            url: urlPrefix + request.target, method: HTTPMethod(rawValue: request.method.rawValue),
            headers: headers(request, current), body: body, tlsConfiguration: current.tls)
    }

    private func headers(_ request: KubernetesRequest, _ current: KubernetesCredentials.Current) -> HTTPHeaders {
        var headers: HTTPHeaders = ["Host": server.authority, "Accept": request.accept, "User-Agent": userAgent]
        if let token = current.token { headers.add(name: "Authorization", value: "Bearer \(token)") }
        if request.content != nil || request.body != nil {
            headers.add(name: "Content-Type", value: request.contentType)
        }
        return headers
    }

    static func reply(
        _ status: HTTPResponseStatus, _ headers: HTTPHeaders, _ body: [UInt8], at now: Date
    ) -> KubernetesReply {
        let status = Int(status.code)
        var retryAfter = headers.first(name: "Retry-After").flatMap { RetryAfter.seconds($0, at: now) }
        if retryAfter == nil && status >= 400 { retryAfter = KubernetesStatus(json: body)?.retryAfterSeconds }
        return KubernetesReply(status: status, body: body, retryAfter: retryAfter)
    }

    /// Begins a watch, with credentials that are read again after a 401.
    func begin(_ request: KubernetesRequest, at now: Date) async throws(KubernetesRequestError) -> HTTPClientResponse {
        let response = try await head(request, at: now)
        guard response.status == .unauthorized, credentials.renew(at: now) else { return response }
        return try await head(request, at: now)
    }

    private func head(
        _ request: KubernetesRequest, at now: Date
    ) async throws(KubernetesRequestError) -> HTTPClientResponse {
        let current = credentials.current(at: now)
        var message = HTTPClientRequest(url: urlPrefix + request.target)
        message.headers = headers(request, current)
        message.tlsConfiguration = current.tls
        do {
            return try await withThrowingTaskGroup(of: HTTPClientResponse.self) { [message] group in
                group.addTask { try await watches.execute(message, deadline: .distantFuture) }
                // The HTTP client's deadline is of its own clock.
                group.addTask {
                    try await scheduler.sleep(min(limits.watchHeadTimeout, limits.requestTimeout))
                    throw KubernetesRequestError.timeout
                }
                defer { group.cancelAll() }
                guard let head = try await group.next() else { throw KubernetesRequestError.cancelled }
                return head
            }
        } catch {
            throw Self.mapped(error)
        }
    }
}

extension TimeAmount {
    fileprivate init(seconds: Double) { self = .nanoseconds(Int64(seconds * 1e9)) }
}
