import CoreMetrics
import GatewayCore
import JSON
import Kubernetes
import KubernetesAPI
import Logging
import ServiceLifecycle
import Synchronization

/// Maintains what injects Pods while this replica is the leader, as `injection.admission` says.
///
/// With policies it creates them, and updates them in place, in the order of ``AdmissionPolicyManifest/objects``, so that
/// a Pod is denied until it is also injected. When it has read all of them back, and ``settling`` seconds later, it
/// deletes the gateway's webhook configurations. With the webhook it deletes the policies that it has written, in the
/// reverse order, ``settling`` seconds after the webhook configurations exist. So at each moment one of both injects, and
/// after an interruption all steps are repeated; those that are done change nothing.
///
/// The gateway needs create on the policies and bindings, get, patch and delete on its own, delete on its webhook
/// configurations, and get on its ClusterRole.
final class AdmissionPolicyService: Service {
    /// Seconds between two checks, since the objects are not watched.
    static let interval = 60.0
    /// Seconds from a write to the check that reads the objects back.
    static let readingBack = 5.0
    /// Seconds for which new objects are in force before the others are deleted: each API server follows by itself.
    static let settling = 60.0

    private struct Failure: CodedFailure, CustomStringConvertible {
        let description: String
        let code: ErrorCode
        var retryAfter: Int?

        init(description: String, _ code: ErrorCode) { (self.description, self.code) = (description, code) }

        init(_ error: KubernetesAPIError) {
            self.init(description: "\(error)", .apiServer)
            retryAfter = error.retryAfter
        }
    }

    private struct Configuration: Sendable {
        let endpoints: [EndpointConfiguration]
        let injection: GatewayConfiguration.Injection

        /// The names of the webhook configurations of the endpoints.
        var webhooks: Set<String> { Set(endpoints.map { injection.webhook.configurationName(of: $0.name) }) }
    }

    /// What a leader has seen.
    private struct Progress {
        /// Since when the policies are as they must be.
        var policies: Double?
        /// Since when the webhook configurations exist.
        var webhooks: Double?
        var drift: FailureLog
        var kept: FailureLog
    }

    private let writer: AdmissionPolicyWriter
    private let namespace: String
    private let version: String
    private let trust: @Sendable () -> (isKnown: Bool, bundle: String?)
    private let trustChanges: @Sendable () -> AsyncStream<Void>
    private let serverVersion: @Sendable () -> KubernetesVersion?
    private let webhooks: @Sendable () -> [WebhookConfiguration]?
    private let leadership: Leadership
    private let differences: AdmissionPolicyMetric
    private let scheduler: Scheduler
    private let logger: Logger
    private let configuration = Mutex<Configuration?>(nil)
    private let changed = ChangeSignal()

    /// - Parameters:
    ///   - namespace: the gateway's namespace.
    ///   - version: the gateway's version.
    ///   - trust: returns the CAs that Pods must trust in PEM, once they are known.
    ///   - webhooks: returns the webhook configurations of the cluster, once they are known.
    init(
        client: KubernetesClient, namespace: String, version: String,
        trust: @escaping @Sendable () -> (isKnown: Bool, bundle: String?),
        trustChanges: @escaping @Sendable () -> AsyncStream<Void>,
        serverVersion: @escaping @Sendable () -> KubernetesVersion?,
        webhooks: @escaping @Sendable () -> [WebhookConfiguration]?, leadership: Leadership,
        metrics: any MetricsFactory, scheduler: Scheduler, logger: Logger
    ) {
        writer = AdmissionPolicyWriter(client: client, version: version, scheduler: scheduler, logger: logger)
        self.namespace = namespace
        self.version = version
        self.trust = trust
        self.trustChanges = trustChanges
        self.serverVersion = serverVersion
        self.webhooks = webhooks
        self.leadership = leadership
        differences = AdmissionPolicyMetric(factory: metrics)
        self.scheduler = scheduler
        self.logger = logger
    }

    /// Applies a configuration.
    func apply(_ endpoints: [EndpointConfiguration], _ injection: GatewayConfiguration.Injection) {
        configuration.withLock { $0 = Configuration(endpoints: endpoints, injection: injection) }
        changed.send()
    }

    func run() async {
        await cancelWhenGracefulShutdown {
            await self.leadership.whileLeading {
                await self.maintain()
                self.differences.set(nil)
            }
        }
    }

    private func maintain() async {
        let log = FailureLog("admission policies not written", logger: logger)
        var progress = Progress(
            drift: FailureLog(
                "admission policies differ from the configuration", level: .warning, logger: logger),
            kept: FailureLog("admission policies kept", level: .warning, logger: logger))
        let loop = RetryLoop<Failure>(scheduler: scheduler, log: log) { [scheduler] failure, failures in
            scheduler.backoff(failures: failures, retryAfter: failure.retryAfter)
        }
        await loop.run {
            [changed.changes(), trustChanges()]
        } _: { () throws(Failure) in
            let trust = trust()
            guard let current = configuration.withLock({ $0 }) else { return .at(nil) }
            guard let usesPolicies = try usesPolicies(current.injection.admission) else {
                return .after(Self.interval)
            }
            guard usesPolicies, !current.endpoints.isEmpty else { return try await removePolicies(current, &progress) }
            guard trust.isKnown else { return .at(nil) }
            return try await writePolicies(current, trust.bundle, &progress)
        }
    }

    /// Whether policies inject; nil where the version of the API server is not known yet.
    private func usesPolicies(_ admission: GatewayConfiguration.Injection.Admission) throws(Failure) -> Bool? {
        guard admission != .webhook else { return false }
        guard let server = serverVersion() else { return nil }
        guard server < AdmissionPolicyManifest.firstServer else { return true }
        guard admission == .auto else {
            throw Failure(
                description: "the API server is older than Kubernetes 1.36; use injection.admission: auto",
                .configurationError)
        }
        return false
    }

    // MARK: Policies in place of the webhook

    private func writePolicies(
        _ current: Configuration, _ trust: String?, _ progress: inout Progress
    ) async throws(Failure) -> StepTime {
        let injection = current.injection
        let written: AdmissionPolicyWriter.Outcome
        let objects = try manifest(current, trust).objects
        do throws(AdmissionPolicyWriter.WriteError) {
            written = try await writer.write(
                objects, owner: injection.webhook.configurationPrefix, writes: injection.isManaged)
        } catch {
            progress.policies = nil
            switch error {
            case .call(let error): throw Failure(error)
            case .rejected(let place, let error, let count):
                differences.set(count)
                throw Failure(description: "\(place): \(error); none of the policies was written", .policiesRejected)
            }
        }
        progress.webhooks = nil
        differences.set(written.differences.count)
        if written.differences.isEmpty {
            progress.drift.succeed()
        } else {
            progress.drift.fail(written.differences.joined(separator: "; "), code: .webhookSkipped)
        }
        if written.isChanged {
            progress.policies = nil
            return .after(Self.readingBack)
        }
        guard injection.isManaged, written.differences.isEmpty else {
            progress.policies = nil
            return .after(Self.interval)
        }
        let now = scheduler.monotonic()
        let since = progress.policies ?? now
        progress.policies = since
        guard now - since >= Self.settling else { return .after(Self.settling - (now - since)) }
        let names = current.webhooks
        for configuration in webhooks() ?? [] where names.contains(configuration.name) && configuration.callsGateway {
            do throws(KubernetesAPIError) {
                try await writer.remove(configuration)
            } catch {
                throw Failure(error)
            }
        }
        return .after(Self.interval)
    }

    private func manifest(
        _ current: Configuration, _ trust: String?
    ) throws(Failure) -> AdmissionPolicyManifest {
        let policy = InjectionPolicy(
            current.injection, namespace: namespace, standardImage: "sts-sidecar:\(version)", trust: trust,
            serverVersion: serverVersion())
        do throws(AdmissionPolicyManifest.Unsupported) {
            return try AdmissionPolicyManifest(
                current.endpoints, current.injection, policy, namespace: namespace, version: version)
        } catch {
            differences.set(AdmissionPolicyManifest.places(instance: "").count)
            throw Failure(description: error.reasons.joined(separator: "; "), .configurationError)
        }
    }

    // MARK: The webhook in place of policies

    private func removePolicies(
        _ current: Configuration, _ progress: inout Progress
    ) async throws(Failure) -> StepTime {
        progress.policies = nil
        progress.drift.succeed()
        differences.set(nil)
        let injection = current.injection
        guard injection.isManaged else { return .at(nil) }
        guard let server = serverVersion() else { return .after(Self.interval) }
        // An older API server does not know the objects.
        guard server >= AdmissionPolicyManifest.firstServer else { return .at(nil) }
        do throws(KubernetesAPIError) {
            let found = try await writer.written(instance: injection.webhook.configurationPrefix)
            guard !found.isEmpty else {
                progress.kept.succeed()
                return .at(nil)
            }
            guard let webhooks = webhooks() else { return .after(Self.readingBack) }
            let names = current.webhooks
            let inForce = Set(webhooks.filter { $0.callsGateway && $0.hasBundle }.map(\.name))
            let missing = names.subtracting(inForce).sorted()
            guard missing.isEmpty else {
                progress.webhooks = nil
                progress.kept.fail(
                    "the webhook configurations \(missing.joined(separator: ", ")) do not exist or have no caBundle",
                    code: .webhookSkipped)
                return .after(Self.interval)
            }
            progress.kept.succeed()
            let now = scheduler.monotonic()
            let since = progress.webhooks ?? now
            progress.webhooks = since
            guard names.isEmpty || now - since >= Self.settling else {
                return .after(Self.settling - (now - since))
            }
            for object in found { try await writer.remove(object) }
            return .at(nil)
        } catch {
            // Roles of a version without policies do not permit reading them.
            if error.kind == .forbidden, error.verb == "get" { return .at(nil) }
            throw Failure(error)
        }
    }
}
