import AsyncHTTPClient
import FoundationEssentials
import GatewayCore
import HTTPTypes
import JSON
import NIOCore
import NIOHTTP1
import NIOSSL

/// Calls one API server: HTTPS with its own trust, HTTP/1.1 on connections that are kept, no redirects, no proxy,
/// bounded answers, and the credentials that are on disk now.
struct KubernetesClient: Sendable {
    /// Times in seconds, sizes in bytes.
    struct Limits: Sendable {
        var connectTimeout = 3.0
        /// For a whole call, connecting included; of a watch, until it begins.
        var requestTimeout = 10.0
        var replyBytes = 4 << 20
        /// A watch on which nothing at all comes for so long is given up: its connection leads nowhere any more.
        var watchIdleTimeout = 75.0
        /// One event of a watch.
        var eventBytes = 4 << 20
        /// More calls at a time wait for a connection.
        var connections = 32
    }

    private let server: KubernetesServer
    private let urlPrefix: String
    private let credentials: KubernetesCredentials
    let limits: Limits
    private let pacing: Pacing
    private let client: HTTPClient

    /// Opens no connection yet. The service ends the client when the gateway stops, and must run.
    ///
    /// - Parameter pacing: its clock ends calls; connecting and an idle watch end by the HTTP client's own.
    static func make(
        _ access: ClusterAccess, credentials: KubernetesCredentials, limits: Limits = Limits(), pacing: Pacing
    ) -> (client: KubernetesClient, service: HTTPClientService) {
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow, decompression: .disabled)
        configuration.timeout = .init(
            connect: .init(seconds: limits.connectTimeout), read: .init(seconds: limits.watchIdleTimeout))
        configuration.httpVersion = .http1Only
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = limits.connections
        // An API server that is away is told at once; who asked will ask again.
        configuration.connectionPool.retryConnectionEstablishment = false
        var host = access.server.host
        if let name = access.serverName {
            // The URL bears the name that the certificate must have; the connection goes to the address.
            configuration.dnsOverride = [name: host]
            host = name
        }
        let shown = KubernetesServer(host: host, port: access.server.port) ?? access.server
        let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        return (
            KubernetesClient(
                server: access.server, urlPrefix: "https://\(shown.authority)\(access.server.basePath)",
                credentials: credentials, limits: limits, pacing: pacing, client: client),
            HTTPClientService(client: client)
        )
    }

    /// Sends one call. A 401 makes the credentials be read again and the call be sent once more; any other status is
    /// the caller's to judge.
    ///
    /// - Parameters:
    ///   - now: for the credentials' age and for `Retry-After`.
    ///   - timeout: seconds, where it is less than the client's own.
    func send(
        _ request: KubernetesRequest, at now: Date, timeout: Double? = nil
    ) async throws(KubernetesRequestError) -> KubernetesReply {
        try await within(min(timeout ?? limits.requestTimeout, limits.requestTimeout)) {
            let reply = try await attempt(request, credentials.current(at: now), now)
            guard reply.status == 401, credentials.renew(at: now) else { return reply }
            return try await attempt(request, credentials.current(at: now), now)
        }
    }

    /// A connection that was kept may be closed by the server just as it is used again; what is repeatable then is.
    private func attempt(
        _ request: KubernetesRequest, _ shown: KubernetesCredentials.Shown, _ now: Date
    ) async throws -> KubernetesReply {
        do {
            return try await exchange(request, shown, now)
        } catch {
            guard request.isRepeatable, Self.isClosedConnection(error) else { throw error }
        }
        return try await exchange(request, shown, now)
    }

    private func exchange(
        _ request: KubernetesRequest, _ shown: KubernetesCredentials.Shown, _ now: Date
    ) async throws -> KubernetesReply {
        let response = try await client.execute(message(request, shown), deadline: .distantFuture)
        return try await reply(response, upTo: limits.replyBytes, at: now)
    }

    /// Does the work within so many seconds. The HTTP client has a deadline too, but it ends with the reply's head.
    private func within<Value: Sendable>(
        _ seconds: Double, _ work: @escaping @Sendable () async throws -> Value
    ) async throws(KubernetesRequestError) -> Value {
        do {
            return try await withThrowingTaskGroup(of: Value.self) { group in
                group.addTask { try await work() }
                group.addTask {
                    try await pacing.sleep(seconds)
                    throw KubernetesRequestError.timeout
                }
                defer { group.cancelAll() }
                guard let value = try await group.next() else { throw KubernetesRequestError.cancelled }
                return value
            }
        } catch {
            throw Self.told(error)
        }
    }

    private func message(
        _ request: KubernetesRequest, _ shown: KubernetesCredentials.Shown
    ) -> HTTPClientRequest {
        var message = HTTPClientRequest(url: urlPrefix + request.target)
        message.method = HTTPMethod(rawValue: request.method.rawValue)
        message.tlsConfiguration = shown.tls
        message.headers.add(name: "Host", value: server.authority)
        message.headers.add(name: "Accept", value: request.accept)
        message.headers.add(name: "User-Agent", value: "sts-gateway")
        if let token = shown.token { message.headers.add(name: "Authorization", value: "Bearer \(token)") }
        if let body = request.body {
            message.headers.add(name: "Content-Type", value: request.contentType)
            message.body = .bytes(ByteBuffer(bytes: body.utf8Text))
        }
        return message
    }

    private func reply(
        _ response: HTTPClientResponse, upTo bytes: Int, at now: Date
    ) async throws -> KubernetesReply {
        let body = Array(try await response.body.collect(upTo: bytes).readableBytesView)
        let status = Int(response.status.code)
        var retryAfter = response.headers.first(name: "Retry-After").flatMap { RetryAfter.seconds($0, at: now) }
        if retryAfter == nil && status >= 400 { retryAfter = KubernetesStatus(json: body)?.retryAfterSeconds }
        return KubernetesReply(status: status, body: body, retryAfter: retryAfter)
    }

    private static func isClosedConnection(_ error: any Error) -> Bool {
        if let error = error as? HTTPClientError { return error == .remoteConnectionClosed }
        if let error = error as? IOError { return error.errnoCode == connectionReset || error.errnoCode == brokenPipe }
        return false
    }

    /// Linux' and Darwin's ECONNRESET and EPIPE.
    #if os(Linux)
        private static let connectionReset: CInt = 104
    #else
        private static let connectionReset: CInt = 54
    #endif
    private static let brokenPipe: CInt = 32

    private static func told(_ error: any Error) -> KubernetesRequestError {
        switch error {
        case let error as KubernetesRequestError: return error
        case is CancellationError: return .cancelled
        case is NIOTooManyBytesError: return .replyTooLarge
        case let error as HTTPClientError:
            switch error {
            case .deadlineExceeded, .connectTimeout, .readTimeout, .tlsHandshakeTimeout, .getConnectionFromPoolTimeout:
                return .timeout
            case .cancelled: return .cancelled
            default: return .unreachable(error.shortDescription)
            }
        case is NIOSSLError, is NIOSSLExtraError, is BoringSSLError:
            return .unreachable("its certificate is not trusted, or TLS failed (\(error))")
        default: return .unreachable("\(error)")
        }
    }
}

extension KubernetesClient {
    /// Begins a call whose answer is lines without end, and hands each to `take` as it comes. A 401 is answered as by
    /// ``send(_:at:timeout:)``. Cancelled with its task.
    ///
    /// - Returns: nil once the server has ended the answer; another answer than 200 as it came.
    /// - Throws: what `take` throws, or a ``KubernetesRequestError``: `timeout` where nothing came for
    ///   ``Limits/watchIdleTimeout``, `replyTooLarge` where a line is above ``Limits/eventBytes``.
    func stream(
        _ request: KubernetesRequest, at now: Date, take: (_ line: [UInt8]) async throws -> Void
    ) async throws -> KubernetesReply? {
        var response = try await begin(request, at: now)
        if response.status == .unauthorized, credentials.renew(at: now) { response = try await begin(request, at: now) }
        do {
            guard response.status == .ok else { return try await reply(response, upTo: limits.replyBytes, at: now) }
        } catch {
            throw Self.told(error)
        }
        var lines = LineBuffer(maximumLength: limits.eventBytes)
        var chunks = response.body.makeAsyncIterator()
        while true {
            let chunk: ByteBuffer?
            do {
                try Task.checkCancellation()
                chunk = try await chunks.next()
            } catch {
                throw Self.told(error)
            }
            guard let chunk else { return nil }
            guard lines.append(chunk.readableBytesView) else { throw KubernetesRequestError.replyTooLarge }
            while let line = lines.next() { try await take(line) }
        }
    }

    private func begin(
        _ request: KubernetesRequest, at now: Date
    ) async throws(KubernetesRequestError) -> HTTPClientResponse {
        try await within(limits.requestTimeout) {
            try await client.execute(message(request, credentials.current(at: now)), deadline: .distantFuture)
        }
    }
}

extension TimeAmount {
    fileprivate init(seconds: Double) { self = .nanoseconds(Int64(seconds * 1e9)) }
}

extension HTTPClientService {
    init(client: HTTPClient) { self.client = client }
}
