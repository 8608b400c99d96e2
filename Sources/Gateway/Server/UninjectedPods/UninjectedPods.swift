import GatewayCore
import Kubernetes
import KubernetesAPI
import Logging
import ServiceLifecycle
import Synchronization

/// Looks from time to time, while this replica leads, for labelled Pods that run without their tokens: they were made
/// when the webhook did not see them, and nobody else would notice. Their number is a metric, and the first of each owner
/// is a line of the log that says what to do.
///
/// The gateway needs the verb list on pods in the whole cluster. Where it has it not, that is logged once and the metric
/// has no value.
final class UninjectedPods: Service {
    /// Times in seconds.
    struct Settings: Sendable {
        /// Pods of a page.
        var pageSize = 50
        /// Who begins to lead looks within so long.
        var longestDelay = 10.0
        /// The least before a look that failed is repeated.
        var shortestRetry = 5.0
    }

    /// What to look for.
    private struct Target: Equatable {
        var search: UninjectedPodSearch
        var webhook: GatewayConfiguration.Injection.Webhook
        var interval: Double
    }

    private let pods: KubernetesCollection
    private let namespace: String?
    private let leadership: Leadership
    private let metrics: UninjectedPodMetrics
    private let settings: Settings
    private let logger: Logger
    /// nil where nothing is to be looked for.
    private let target = Mutex<Target?>(nil)
    private let changed = ChangeSignal()

    private var scheduler: Scheduler { pods.gatewayScheduler }

    /// Looks for nothing before it is told to follow a configuration.
    ///
    /// - Parameter namespace: the gateway's own; nil where it is not known.
    init(
        client: KubernetesClient, namespace: String?, leadership: Leadership, metrics: UninjectedPodMetrics,
        settings: Settings = Settings(), scheduler: Scheduler, logger: Logger
    ) {
        pods = KubernetesCollection(client: client, resource: .pods, namespace: nil, scheduler: scheduler)
        self.namespace = namespace
        self.leadership = leadership
        self.metrics = metrics
        self.settings = settings
        self.logger = logger
    }

    /// Looks by this configuration from now on.
    func follow(_ endpoints: [EndpointConfiguration], _ injection: GatewayConfiguration.Injection) {
        let target =
            injection.uninjectedPods.isEnabled && !endpoints.isEmpty
            ? Target(
                search: UninjectedPodSearch(endpoints, prefix: injection.prefix, namespace: namespace),
                webhook: injection.webhook, interval: Double(injection.uninjectedPods.interval))
            : nil
        let isOther = self.target.withLock { known in
            defer { known = target }
            return known != target
        }
        if isOther { changed.send() }
    }

    func run() async {
        await cancelWhenGracefulShutdown {
            await self.leadership.whileLeading { await self.lead() }
        }
    }

    private func lead() async {
        var looked: Set<String> = []
        while !Task.isCancelled {
            // Before the look, so that no change falls between.
            let changes = changed.changes()
            let target = self.target.withLock { $0 }
            let wanted = Set(target?.search.endpoints ?? [])
            metrics.forget(looked.subtracting(wanted))
            looked = wanted
            await withTaskGroup(of: Void.self) { group in
                if let target { group.addTask { await self.look(for: target) } }
                for await _ in changes { break }
                group.cancelAll()
            }
        }
        metrics.forget(looked)
    }

    private func look(for target: Target) async {
        let log = FailureLog(
            "search for labelled Pods without tokens failed",
            recovered: "search for labelled Pods without tokens works again", level: .warning, logger: logger)
        let (scheduler, settings) = (scheduler, settings)
        let loop = RetryLoop<SearchFailure>(scheduler: scheduler, log: log) { failure, failures in
            let backoff = scheduler.backoff(failures: failures, retryAfter: failure.cause.retryAfter)
            return failure.cause.isTransient ? max(settings.shortestRetry, backoff) : target.interval
        }
        var last: UninjectedPodTally?
        // So that replicas which begin to lead one after the other do not all ask at once.
        let delay = scheduler.random() * min(settings.longestDelay, target.interval)
        guard (try? await scheduler.sleep(delay)) != nil else { return }
        await loop.run { () throws(SearchFailure) in
            let tally: UninjectedPodTally
            do throws(KubernetesAPIError) {
                tally = try await look(target.search, after: last)
            } catch {
                // The counts are unknown where the gateway may not list Pods.
                if error.kind == .forbidden, !Task.isCancelled { metrics.forget(target.search.endpoints) }
                throw SearchFailure(cause: error)
            }
            if Task.isCancelled { return .never }
            // The process was stopped meanwhile: the election notices, or renews the lease.
            guard leadership.isLeading else { return .after(settings.shortestRetry) }
            metrics.set(tally.counts)
            tell(tally, target.webhook)
            last = tally
            return .after(target.interval * (0.9 + 0.2 * scheduler.random()))
        }
    }

    /// Why the Pods could not be listed, and how to do without.
    private struct SearchFailure: Error, CustomStringConvertible {
        let cause: KubernetesAPIError

        var description: String {
            cause.description + (cause.kind == .forbidden ? ", or set injection.uninjectedPods.enabled to false" : "")
        }
    }

    /// One whole look.
    private func look(
        _ search: UninjectedPodSearch, after last: UninjectedPodTally?
    ) async throws(KubernetesAPIError) -> UninjectedPodTally {
        var tally = UninjectedPodTally(endpoints: search.endpoints, after: last)
        for query in search.queries {
            _ = try await pods.list(
                selector: query.selector, fields: UninjectedPodSearch.fields, pageSize: settings.pageSize
            ) { pod in
                for missing in search.missing(in: pod.json, query) { tally.add(missing) }
            }
        }
        return tally
    }

    private func tell(_ tally: UninjectedPodTally, _ webhook: GatewayConfiguration.Injection.Webhook) {
        for pod in tally.reports {
            let configuration = webhook.configurationName(of: pod.owner.endpoint)
            let advice =
                switch pod.owner.reason {
                case .missing:
                    "make its Pods anew, as kubectl rollout restart does, once the MutatingWebhookConfiguration "
                        + "\(configuration) is there"
                case .noValue:
                    "add the annotation of the label's name to the Pod or its ServiceAccount and make its Pods anew, or "
                        + "take the label away"
                }
            logger.warning(
                "a labelled Pod runs without tokens",
                metadata: [
                    "endpoint": "\(pod.owner.endpoint)", "namespace": "\(pod.owner.namespace)", "pod": "\(pod.name)",
                    "owner": "\(pod.owner.name)", "reason": "\(pod.owner.reason.rawValue)", "advice": "\(advice)",
                ])
        }
        guard tally.unreported > 0 else { return }
        logger.warning(
            "more labelled Pods run without tokens", metadata: ["count": .stringConvertible(tally.unreported)])
    }
}
