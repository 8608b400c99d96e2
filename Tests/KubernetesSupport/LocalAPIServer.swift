import FakeKubernetesAPI
package import FoundationEssentials
package import GatewayTestSupport
package import HTTPTypes
import Hummingbird
import HummingbirdCore
import HummingbirdTLS
package import Kubernetes
import Logging
import NIOCore
package import ServiceLifecycle
import Synchronization

/// A server over TLS on a loopback port with the responses of a test, for tests of a client. It
/// runs in real time, because TLS does.
package struct LocalAPIServer: Sendable {
    package struct Request: Sendable {
        package let path: String
        package let query: String?
        package let authorization: String?
        package let host: String?
        package let accept: String?
        package let body: String
    }

    package struct Reply: Sendable {
        package var status: Int
        package var headers: HTTPFields
        package var body: String

        package init(status: Int = 200, headers: HTTPFields = [:], body: String = "") {
            self.status = status
            self.headers = headers
            self.body = body
        }
    }

    package let port: Int
    package let authorityPEM: String
    private let seen: Seen

    private final class Seen: Sendable {
        let requests = Mutex<[Request]>([])
    }

    /// The requests in order of arrival.
    package var requests: [Request] { seen.requests.withLock { $0 } }

    /// Runs a server while `body` runs.
    ///
    /// - Parameters:
    ///   - names: DNS names of the certificate.
    ///   - addresses: IP addresses of the certificate.
    package static func serving<Value: Sendable>(
        names: [String] = ["localhost"], addresses: [[UInt8]] = [[127, 0, 0, 1]],
        answering: @escaping @Sendable (Request) async throws -> Reply,
        _ body: @Sendable (LocalAPIServer) async throws -> Value
    ) async throws -> Value {
        let authority = try TestCertificateAuthority(now: Date(), names: names, addresses: addresses)
        let seen = Seen()
        let (ports, continuation) = AsyncStream.makeStream(of: Int.self)
        let application = Application(
            responder: CallbackResponder { (received: HummingbirdCore.Request, _: BasicRequestContext) in
                var received = received
                let target = (received.head.path ?? "").split(
                    separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
                let fields = received.headers
                let buffer = try await received.collectBody(upTo: 1 << 20)
                let request = Request(
                    path: target.first.map(String.init) ?? "", query: target.count > 1 ? String(target[1]) : nil,
                    authorization: fields[.authorization], host: received.head.authority, accept: fields[.accept],
                    body: String(buffer: buffer))
                seen.requests.withLock { $0.append(request) }
                let reply = try await answering(request)
                return Response(
                    status: .init(code: reply.status), headers: reply.headers,
                    body: ResponseBody(byteBuffer: ByteBuffer(string: reply.body)))
            },
            server: try .tls(.http1(), tlsConfiguration: authority.tlsConfiguration),
            configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { channel in continuation.yield(channel.localAddress?.port ?? 0) },
            logger: Logger(label: "local", factory: { _ in SwiftLogNoOpLogHandler() }))
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                defer { continuation.finish() }
                do { try await application.run() } catch is CancellationError {}
            }
            defer { group.cancelAll() }
            for await port in ports {
                return try await body(
                    LocalAPIServer(port: port, authorityPEM: authority.certificatePEM, seen: seen))
            }
            try await group.waitForAll()
            throw CancellationError()
        }
    }
}

extension LocalAPIServer {
    /// A folder as the kubelet mounts it, with this server's CA.
    package func serviceAccount(token: String = "own-token") throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        try folder.write(authorityPEM, to: "ca.crt")
        try folder.write(token + "\n", to: "token")
        return folder
    }

    /// The environment of a Pod.
    package var environment: [String: String] {
        ["KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": String(port)]
    }

    /// Runs a client as in a Pod while `body` runs.
    package func client<Value: Sendable>(
        _ folder: TemporaryFolder, at now: Date, limits: KubernetesClient.Limits = .patient,
        time: ManualScheduler = ManualScheduler(), _ body: @Sendable (KubernetesClient) async throws -> Value
    ) async throws -> Value {
        let access = try ClusterAccess.inCluster(environment: environment, folder: folder.path)
        return try await Self.client(access, at: now, limits: limits, time: time, body)
    }

    /// Runs a client while `body` runs.
    package static func client<Value: Sendable>(
        _ access: ClusterAccess, at now: Date, limits: KubernetesClient.Limits = .patient,
        time: ManualScheduler = ManualScheduler(), _ body: @Sendable (KubernetesClient) async throws -> Value
    ) async throws -> Value {
        let credentials = try KubernetesCredentials(
            access, at: now, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let (client, service) = KubernetesClient.make(
            access, credentials: credentials, userAgent: "test", limits: limits, scheduler: time.scheduler)
        return try await running(service) { try await body(client) }
    }

    /// Runs services while `body` runs.
    package static func running<Value: Sendable>(
        _ services: any Service..., body: @Sendable () async throws -> Value
    ) async throws -> Value {
        try await running(services, body: body)
    }

    /// Runs services while `body` runs.
    package static func running<Value: Sendable>(
        _ services: [any Service], body: @Sendable () async throws -> Value
    ) async throws -> Value {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for service in services { group.addTask { try await service.run() } }
            defer { group.cancelAll() }
            return try await body()
        }
    }
}

extension KubernetesClient.Limits {
    /// Timeouts for servers that respond: long enough for any machine.
    package static var patient: KubernetesClient.Limits {
        var limits = KubernetesClient.Limits()
        limits.connectTimeout = HangDeadline.seconds
        limits.watchIdleTimeout = HangDeadline.seconds
        return limits
    }
}
