import GatewayCore
import Kubernetes
import KubernetesAPI
import Logging
import ServiceLifecycle
import Synchronization

/// Searches periodically, while this replica is the leader, for labelled Pods that run without tokens: the webhook was
/// not called when they were created. Their number is a metric, and the first Pod of each owner is logged with advice.
///
/// The gateway needs the verb list on pods in the whole cluster. A missing permission is logged once, and the metric
/// has no value then.
final class UninjectedPods: Service {
    /// Times in seconds.
    struct Settings: Sendable {
        /// The number of Pods in a page.
        var pageSize = 50
        /// The maximum delay of the first search of a new leader.
        var maximumDelay = 10.0
        /// The minimum delay after a failed search.
        var minimumRetry = 5.0
    }

    /// What to search for.
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
    /// nil where the search is disabled.
    private let target = Mutex<Target?>(nil)
    private let changed = ChangeSignal()
    /// The Pods whose sidecar got only older CAs.
    let withoutCA: PodsWithoutCA
    private let authorities = Mutex(PodsWithoutCA.Source())

    private var scheduler: Scheduler { pods.gatewayScheduler }

    /// Does not search before ``apply(_:_:)``.
    ///
    /// - Parameter namespace: the gateway's namespace; nil where it is not known.
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
        withoutCA = metrics.podsWithoutCA(logger)
    }

    /// The last counts; nil where this replica does not lead, or Pods are not searched.
    var counts: UninjectedPodTally.Counts? { metrics.counts }

    /// Sets the CA that every sidecar must have.
    func follow(_ source: PodsWithoutCA.Source) { authorities.withLock { $0 = source } }

    /// Applies a reloaded configuration.
    func apply(_ endpoints: [EndpointConfiguration], _ injection: GatewayConfiguration.Injection) {
        let target =
            injection.uninjectedPods.isEnabled && !endpoints.isEmpty
            ? Target(
                search: UninjectedPodSearch(
                    endpoints, prefix: injection.prefix, namespace: namespace,
                    excluded: injection.webhook.excludedNamespaces),
                webhook: injection.webhook, interval: Double(injection.uninjectedPods.interval))
            : nil
        let isChange = self.target.withLock { current in
            defer { current = target }
            return current != target
        }
        if isChange { changed.send() }
    }

    func run() async {
        await cancelWhenGracefulShutdown {
            await self.leadership.whileLeading { await self.lead() }
        }
    }

    private func lead() async {
        var searched: Set<String> = []
        while !Task.isCancelled {
            // Before the target is read, so that no change is missed.
            let changes = changed.changes()
            let target = self.target.withLock { $0 }
            let wanted = Set(target?.search.endpoints ?? [])
            metrics.remove(searched.subtracting(wanted))
            searched = wanted
            await withTaskGroup(of: Void.self) { group in
                group.addTask {
                    if let target { await self.search(for: target) } else { await self.reportUnknownPods() }
                }
                for await _ in changes { break }
                group.cancelAll()
            }
        }
        metrics.remove(searched)
        withoutCA.clear()
    }

    /// Reports, while the search is disabled, that the Pods without an announced CA are not known.
    private func reportUnknownPods() async {
        let source = authorities.withLock { $0 }
        while !Task.isCancelled {
            let changes = source.changes()
            if let authority = source.authority() { withoutCA.report(nil, without: authority) }
            for await _ in changes { break }
        }
    }

    private func search(for target: Target) async {
        let log = FailureLog(
            "search for labelled Pods without tokens failed",
            recovered: "search for labelled Pods without tokens works again", level: .warning, logger: logger)
        let (scheduler, settings) = (scheduler, settings)
        let loop = RetryLoop<SearchFailure>(scheduler: scheduler, log: log) { failure, failures in
            let backoff = scheduler.backoff(failures: failures, retryAfter: failure.cause.retryAfter)
            return failure.cause.isTransient ? max(settings.minimumRetry, backoff) : target.interval
        }
        var last: UninjectedPodTally?
        let source = authorities.withLock { $0 }
        // The CA of the last search, and the monotonic time of the next one.
        var (searched, due): (RequiredAuthority?, Double) = (nil, 0)
        // Spreads the searches of leaders that are elected shortly after one another.
        let delay = scheduler.random() * min(settings.maximumDelay, target.interval)
        guard (try? await scheduler.sleep(delay)) != nil else { return }
        await loop.run {
            [source.changes()]
        } _: { () throws(SearchFailure) in
            let authority = source.authority()
            let pause = due - scheduler.monotonic()
            if authority == searched, pause > 0 { return .after(pause) }
            let (tally, found): (UninjectedPodTally, PodsWithoutCA.Found)
            do throws(KubernetesAPIError) {
                (tally, found) = try await search(target.search, after: last, authority)
            } catch {
                due = 0
                // The counts are unknown where the gateway is not allowed to list Pods.
                if error.kind == .forbidden, !Task.isCancelled {
                    metrics.remove(target.search.endpoints)
                    if let authority { withoutCA.report(nil, without: authority) }
                }
                throw SearchFailure(cause: error)
            }
            if Task.isCancelled { return .never }
            // The process was suspended: the election ends the leadership, or renews the Lease.
            guard leadership.isLeading else { return .after(settings.minimumRetry) }
            metrics.set(tally.counts)
            report(tally, target.webhook)
            if let authority { withoutCA.report(found, without: authority) }
            last = tally
            let pauseToNext = target.interval * (0.9 + 0.2 * scheduler.random())
            (searched, due) = (authority, scheduler.monotonic() + pauseToNext)
            return .after(pauseToNext)
        }
    }

    /// Why the Pods could not be listed, and how to disable the search.
    private struct SearchFailure: Error, CustomStringConvertible {
        let cause: KubernetesAPIError

        var description: String {
            cause.description + (cause.kind == .forbidden ? ", or set injection.uninjectedPods.enabled to false" : "")
        }
    }

    /// Performs one complete search.
    private func search(
        _ search: UninjectedPodSearch, after last: UninjectedPodTally?, _ authority: RequiredAuthority?
    ) async throws(KubernetesAPIError) -> (UninjectedPodTally, PodsWithoutCA.Found) {
        var tally = UninjectedPodTally(endpoints: search.endpoints, after: last)
        var found = PodsWithoutCA.Found()
        for query in search.queries {
            _ = try await pods.list(
                selector: query.selector, fields: UninjectedPodSearch.fields, pageSize: settings.pageSize
            ) { pod in
                for missing in search.missing(in: pod.json, query) { tally.add(missing) }
                if let authority, let name = search.injected(pod.json, without: authority, query) { found.add(name) }
            }
        }
        return (tally, found)
    }

    /// The Pods with a sidecar, by namespace and name; nil where they are not known: the search is disabled, or the Pods
    /// cannot be listed.
    func injectedPods() async -> [String]? {
        guard let search = target.withLock({ $0?.search }) else { return nil }
        var found: Set<String> = []
        do throws(KubernetesAPIError) {
            for query in search.queries {
                _ = try await pods.list(
                    selector: query.selector, fields: UninjectedPodSearch.fields, pageSize: settings.pageSize
                ) { pod in
                    if let name = search.injected(pod.json) { found.insert(name) }
                }
            }
        } catch {
            return nil
        }
        return found.sorted()
    }

    private func report(_ tally: UninjectedPodTally, _ webhook: GatewayConfiguration.Injection.Webhook) {
        for pod in tally.reports {
            let configuration = webhook.configurationName(of: pod.owner.endpoint)
            let advice =
                switch pod.owner.reason {
                case .missing:
                    "check that the MutatingWebhookConfiguration \(configuration) exists, and recreate the Pods with "
                        + "kubectl rollout restart"
                case .noValue:
                    "add the annotation with the name of the label to the Pod or its ServiceAccount and recreate the "
                        + "Pods, or remove the label"
                }
            logger.warning(
                "labelled Pod runs without tokens",
                metadata: [
                    "code": "\(ErrorCode.workloadNotInjected)", "endpoint": "\(pod.owner.endpoint)",
                    "namespace": "\(pod.owner.namespace)", "pod": "\(pod.name)",
                    "owner": "\(pod.owner.name)", "reason": "\(pod.owner.reason.rawValue)", "advice": "\(advice)",
                ])
        }
        guard tally.unreported > 0 else { return }
        logger.warning(
            "more labelled Pods run without tokens",
            metadata: ["code": "\(ErrorCode.workloadNotInjected)", "count": .stringConvertible(tally.unreported)])
    }
}
