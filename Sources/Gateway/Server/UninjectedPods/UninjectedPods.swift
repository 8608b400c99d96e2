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

    private var pacing: Pacing { pods.pacing }

    /// Looks for nothing before it is told to follow a configuration.
    ///
    /// - Parameter namespace: the gateway's own; nil where it is not known.
    init(
        client: KubernetesClient, namespace: String?, leadership: Leadership, metrics: UninjectedPodMetrics,
        settings: Settings = Settings(), pacing: Pacing, logger: Logger
    ) {
        pods = KubernetesCollection(client: client, resource: .pods, namespace: nil, pacing: pacing)
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
        var last: UninjectedPodTally?
        var told: String?
        var failures = 0
        var wait = pacing.random() * min(settings.longestDelay, target.interval)
        while (try? await pacing.sleep(wait)) != nil {
            do throws(KubernetesFailure) {
                let tally = try await look(target.search, after: last)
                if Task.isCancelled { return }
                guard leadership.isLeading else {
                    // The process was stopped meanwhile; the election will notice, or lead on.
                    wait = settings.shortestRetry
                    continue
                }
                metrics.set(tally.counts)
                tell(tally, target.webhook)
                if told != nil { logger.notice("labelled Pods are looked at again") }
                (last, told, failures) = (tally, nil, 0)
                wait = target.interval * (0.9 + 0.2 * pacing.random())
            } catch {
                if Task.isCancelled { return }
                failures += 1
                let backoff = pacing.backoff(failures: failures, retryAfter: error.retryAfter)
                wait = error.isTransient ? max(settings.shortestRetry, backoff) : target.interval
                let isForbidden = error.kind == .forbidden
                // What was found last says nothing any more where nobody may look.
                if isForbidden { metrics.forget(target.search.endpoints) }
                let reason =
                    error.description + (isForbidden ? ", or set injection.uninjectedPods.enabled to false" : "")
                if told != reason {
                    logger.warning(
                        "labelled Pods without a sidecar cannot be looked for", metadata: ["reason": "\(reason)"])
                }
                told = reason
            }
        }
    }

    /// One whole look.
    private func look(
        _ search: UninjectedPodSearch, after last: UninjectedPodTally?
    ) async throws(KubernetesFailure) -> UninjectedPodTally {
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
        for pod in tally.news {
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
        guard tally.untold > 0 else { return }
        logger.warning(
            "more labelled Pods run without tokens", metadata: ["count": .stringConvertible(tally.untold)])
    }
}
