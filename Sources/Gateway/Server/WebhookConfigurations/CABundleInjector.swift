import FoundationEssentials
import GatewayCore
import Kubernetes
import KubernetesAPI
import Logging
import ServiceLifecycle
import Synchronization

/// Maintains the caBundle of every MutatingWebhookConfiguration that calls the gateway's Service, while this replica is
/// the leader: also of endpoints that are not in its configuration yet. Changes by others are reverted. What is observed
/// is the evidence by which the next CA may issue.
///
/// The gateway needs patch on those mutatingwebhookconfigurations.
final class CABundleInjector: Service {
    /// The maximum number of consecutive patches with a conflict.
    private static let attempts = 5

    let trust = WebhookTrust()
    private let configurations: ObservedWebhookConfigurations
    private let replica: DocumentReplica<ServingIdentity>
    private let leadership: Leadership
    private let logger: Logger
    private let names: Mutex<Set<String>>
    private let renamed = ChangeSignal()

    /// - Parameter names: the names of the webhook configurations of the gateway's endpoints.
    init(
        _ configurations: ObservedWebhookConfigurations, names: Set<String>, replica: DocumentReplica<ServingIdentity>,
        leadership: Leadership, logger: Logger
    ) {
        self.configurations = configurations
        self.replica = replica
        self.leadership = leadership
        self.logger = logger
        self.names = Mutex(names)
    }

    private var scheduler: Scheduler { configurations.collection.gatewayScheduler }

    /// Replaces the names of the webhook configurations of the gateway's endpoints.
    func apply(_ names: Set<String>) {
        let isChange = self.names.withLock { current in
            defer { current = names }
            return current != names
        }
        if isChange { renamed.send() }
    }

    func run() async {
        await cancelWhenGracefulShutdown {
            await self.leadership.whileLeading {
                self.trust.reset()
                await self.maintain()
                self.trust.reset()
            }
        }
    }

    private struct Failure: Error, CustomStringConvertible {
        let name: String
        let error: KubernetesAPIError
        var description: String { "\(name): \(error)" }
    }

    /// What became of one webhook configuration.
    private struct Outcome: Sendable {
        let name: String
        var observed: WebhookTrust.Observed = .unknown
        /// Why the gateway does not maintain it; nil where it does.
        var skipped: String?
        var error: KubernetesAPIError?
    }

    private func maintain() async {
        let log = FailureLog("caBundle not written", logger: logger)
        var skipped: [String: FailureLog] = [:]
        let loop = RetryLoop<Failure>(scheduler: scheduler, log: log) { [scheduler] failure, failures in
            scheduler.backoff(failures: failures, retryAfter: failure.error.retryAfter)
        }
        await loop.run {
            [configurations.changes(), replica.changes(), renamed.changes()]
        } _: { () throws(Failure) in
            guard let all = configurations.all else { return .at(nil) }
            let names = names.withLock { $0 }
            let known = all.filter { $0.callsGateway || names.contains($0.name) }
            trust.retain(known.map(\.name))
            skipped = skipped.filter { log in known.contains { $0.name == log.key } }
            var failure: Failure?
            await withTaskGroup(of: Outcome.self) { group in
                for configuration in known {
                    group.addTask { await self.outcome(of: configuration, configured: names) }
                }
                for await outcome in group {
                    var log = skipped[outcome.name] ?? skippedLog(outcome.name)
                    if let reason = outcome.skipped { log.fail(reason, code: .webhookSkipped) } else { log.succeed() }
                    skipped[outcome.name] = log
                    trust.record(outcome.observed, of: outcome.name, at: scheduler.now())
                    if let error = outcome.error { failure = failure ?? Failure(name: outcome.name, error: error) }
                }
            }
            if let failure { throw failure }
            return .at(nil)
        }
    }

    private func skippedLog(_ name: String) -> FailureLog {
        var logger = logger
        logger[metadataKey: "configuration"] = "\(name)"
        return FailureLog("webhook configuration skipped", level: .warning, logger: logger)
    }

    private func outcome(of configuration: WebhookConfiguration, configured names: Set<String>) async -> Outcome {
        do throws(KubernetesAPIError) {
            return try await step(configuration)
        } catch {
            // Whoever made one that is not the gateway's own, it cannot hold up a rotation.
            let isForeign = error.kind == .forbidden && !names.contains(configuration.name)
            return Outcome(name: configuration.name, observed: isForeign ? .notManaged : .lacking, error: error)
        }
    }

    /// Writes the caBundle where it differs.
    private func step(_ configuration: WebhookConfiguration) async throws(KubernetesAPIError) -> Outcome {
        let name = configuration.name
        var last: WebhookConfiguration? = configuration
        for _ in 0..<Self.attempts {
            guard let configuration = last else { return Outcome(name: name, observed: .notManaged) }
            guard configuration.callsGateway else {
                return Outcome(
                    name: name, observed: .notManaged, skipped: "none of its webhooks calls \(configuration.callee)")
            }
            if let annotation = configuration.otherInjector {
                return Outcome(
                    name: name, observed: .notManaged,
                    skipped: "cert-manager maintains its caBundle because of \(annotation); remove the annotation, or "
                        + "set a certificate of cert-manager for \(configuration.host) in tls.certificates")
            }
            guard let identity = replica.view.stored?.value else { return Outcome(name: name) }
            guard !configuration.trusts(identity.bundle) else {
                return Outcome(name: name, observed: .trusts(identity.authorities.map(\.id)))
            }
            trust.record(.lacking, of: name, at: scheduler.now())
            do {
                let changed = try await configurations.collection.patch(
                    name, .operations(configuration.patch(trusting: identity.bundle)))
                logger.notice("caBundle written", metadata: ["configuration": "\(name)"])
                last = configurations.configuration(changed)
            } catch {
                switch error.kind {
                // Changed or deleted since it was read.
                case .invalid, .conflict, .notFound:
                    last = try await configurations.collection.get(name).map(configurations.configuration)
                default: throw error
                }
            }
        }
        throw configurations.collection.failure(.conflict, "patch")
    }
}
