import FoundationEssentials
import GatewayCore
import GatewayTestSupport
import HTTPTypes
import Hummingbird
import JOSE
import Logging
import NIOCore
import ServiceLifecycle
import Synchronization
import Testing

@testable import GatewayServer

/// A few paths over TLS on a loopback port, each answered by the test: enough of an API server for the client's own
/// tests. It runs on real time, since TLS does.
struct LocalAPIServer: Sendable {
    struct Request: Sendable {
        let path: String
        let query: String?
        let authorization: String?
        let host: String?
        let accept: String?
        let body: String
    }

    struct Reply: Sendable {
        var status = 200
        var headers: HTTPFields = [:]
        var body = ""
    }

    let port: Int
    let authorityPEM: String
    private let seen: Seen

    private final class Seen: Sendable {
        let requests = Mutex<[Request]>([])
    }

    /// In the order of their arrival.
    var requests: [Request] { seen.requests.withLock { $0 } }

    static let paths = ["/", "/version", "/base/version", TokenReviewMessage.path, "/openid/v1/jwks"]

    /// - Parameter names: DNS names of the certificate.
    static func serving<Value: Sendable>(
        names: [String] = ["localhost"], addresses: [[UInt8]] = [[127, 0, 0, 1]],
        answering: @escaping @Sendable (Request) async throws -> Reply,
        _ body: @Sendable (LocalAPIServer) async throws -> Value
    ) async throws -> Value {
        let now = Date()
        let authority = try ServingAuthority(from: now)
        let leaf = try authority.issue(names: names, addresses: addresses, from: now)
        let seen = Seen()
        var table = RouteTable()
        for path in paths {
            table.add(
                path,
                Route(.livez, methods: [.get, .post]) { request in
                    let fields = request.head.headerFields
                    let received = Request(
                        path: request.path, query: request.query, authorization: fields[.authorization],
                        host: request.head.authority, accept: fields[.accept],
                        body: String(decoding: try await request.readBody(), as: UTF8.self))
                    seen.requests.withLock { $0.append(received) }
                    let reply = try await answering(received)
                    return Response(
                        status: .init(code: reply.status), headers: reply.headers,
                        body: ResponseBody(byteBuffer: ByteBuffer(string: reply.body)))
                })
        }
        let (ports, found) = AsyncStream<Int>.makeStream()
        let logger = Logger(label: "local") { _ in PortHandler(found: found) }
        var limits = try ExampleGateway.configuration().limits
        limits.readTimeout = HangDeadline.minutes * 60
        limits.idleTimeout = HangDeadline.minutes * 60
        let listener = Listener(
            name: "local", address: try #require(ListenAddress("127.0.0.1:0")), limits: limits,
            responder: GatewayResponder(table: table, maximumBodyBytes: 1 << 20, decisions: nil, logger: logger),
            certificates: ServingCertificates(first: leaf, others: []),
            handshakeTimeout: .seconds(Int64(HangDeadline.seconds)), logger: logger)
        let authorityPEM = try authority.certificatePEM
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try? await listener.run() }
            defer { group.cancelAll() }
            for await port in ports {
                return try await body(LocalAPIServer(port: port, authorityPEM: authorityPEM, seen: seen))
            }
            throw CancellationError()
        }
    }

    /// Finds the port in the record that the listener writes.
    private struct PortHandler: LogHandler {
        let found: AsyncStream<Int>.Continuation
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.info

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            if case .stringConvertible(let port as Int) = event.metadata?["port"] { found.yield(port) }
        }
    }
}

extension LocalAPIServer {
    /// A folder as the kubelet mounts it, with this server's authority.
    func serviceAccount(token: String = "own-token") throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        try folder.write(authorityPEM, to: "ca.crt")
        try folder.write(token + "\n", to: "token")
        return folder
    }

    var environment: [String: String] {
        ["KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": String(port)]
    }

    /// A client as it is inside a cluster, with its service running.
    func client<Value: Sendable>(
        _ folder: TemporaryFolder, at now: Date, limits: KubernetesClient.Limits = .patient,
        time: ManualPacing = ManualPacing(), _ body: @Sendable (KubernetesClient) async throws -> Value
    ) async throws -> Value {
        let (client, service) = try KubernetesConnection.make(
            kubeconfig: nil, environment: environment, serviceAccountFolder: folder.path, at: now, limits: limits,
            pacing: time.pacing, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        return try await Self.running(service) { try await body(client) }
    }

    /// Runs the services for the time of the body.
    static func running<Value: Sendable>(
        _ services: any Service..., body: @Sendable () async throws -> Value
    ) async throws -> Value {
        try await running(services, body: body)
    }

    static func running<Value: Sendable>(
        _ services: [any Service], body: @Sendable () async throws -> Value
    ) async throws -> Value {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for service in services { group.addTask { try await service.run() } }
            defer { group.cancelAll() }
            return try await body()
        }
    }
}
