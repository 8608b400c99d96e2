import FoundationEssentials
import GatewayCore
import HTTPTypes
import Kubernetes
import KubernetesAPI
import Logging
import ServiceLifecycle
import Synchronization

/// Reads the API server's version at start and every ten minutes, since a cluster can be upgraded while the gateway
/// runs. The last version stays known while the API server is not available.
final class ServerVersionWatch: Service, Sendable {
    /// Seconds.
    static let interval = 600.0

    private let client: KubernetesClient
    private let scheduler: Scheduler
    private let logger: Logger
    private let known = Mutex<KubernetesVersion?>(nil)

    init(client: KubernetesClient, scheduler: Scheduler, logger: Logger) {
        self.client = client
        self.scheduler = scheduler
        self.logger = logger
    }

    /// nil until it is known.
    var version: KubernetesVersion? { known.withLock { $0 } }

    func run() async {
        await cancelWhenGracefulShutdown { await self.watch() }
    }

    private func watch() async {
        let log = FailureLog("API server version not readable", level: .warning, logger: logger)
        let loop = RetryLoop<Failure>(scheduler: scheduler, log: log) { [scheduler] failure, failures in
            scheduler.backoff(failures: failures, retryAfter: failure.retryAfter)
        }
        await loop.run { () throws(Failure) in
            replace(with: try await read())
            return .after(Self.interval)
        }
    }

    private func replace(with version: KubernetesVersion) {
        let former = known.withLock { known in
            defer { known = version }
            return known
        }
        guard former != version else { return }
        logger.info("API server version read", metadata: ["version": "\(version)"])
    }

    private struct Failure: Error, CustomStringConvertible {
        let description: String
        let retryAfter: Int?
    }

    private func read() async throws(Failure) -> KubernetesVersion {
        let reply: KubernetesReply
        do {
            reply = try await client.send(KubernetesRequest(.get, VersionMessage.path), at: scheduler.now(), timeout: 5)
        } catch {
            throw Failure(description: error.description, retryAfter: nil)
        }
        guard reply.status == 200, let version = VersionMessage.version(in: reply.body) else {
            throw Failure(
                description: "\(VersionMessage.path) is not a version (\(reply.status))", retryAfter: reply.retryAfter)
        }
        return version
    }
}
