import GatewayCore
import Kubernetes
import KubernetesAPI
import Logging
import ServiceLifecycle
import Synchronization

/// Tells refusals by policy as Events on the Pods that were refused. No token call waits for one: what is due goes into
/// a bounded queue, and is lost and counted where that is full.
///
/// The gateway needs the verb create on events in the namespaces of those Pods. Where it has it not, that is logged once
/// and no Event is tried in the namespace for ``Settings/pause``.
final class PodEvents: Service {
    /// Times in seconds.
    struct Settings: Sendable {
        var throttle = PodEventThrottle.Limits()
        /// Events that may wait.
        var queue = 256
        /// For one Event.
        var attempts = 3
        /// Of one attempt.
        var timeout = 5.0
        /// A namespace in which an Event was refused has none for so long.
        var pause = 600.0
        /// Namespaces that are remembered as such.
        var pausedNamespaces = 256
    }

    private struct State {
        var throttle: PodEventThrottle
        var queue: [PodEvent] = []
        /// Until when, in monotonic seconds.
        var paused: [String: Double] = [:]
        /// What the log was told last; nil where all is well.
        var told: String?
    }

    private let client: KubernetesClient
    private let instance: String?
    private let settings: Settings
    private let metrics: PodEventMetrics
    private let scheduler: Scheduler
    private let logger: Logger
    private let state: Mutex<State>
    private let added = ChangeSignal()

    /// - Parameter instance: the gateway's own Pod; nil where it is not known.
    init(
        client: KubernetesClient, instance: String?, settings: Settings = Settings(), metrics: PodEventMetrics,
        scheduler: Scheduler, logger: Logger
    ) {
        self.client = client
        self.instance = instance
        self.settings = settings
        self.metrics = metrics
        self.scheduler = scheduler
        self.logger = logger
        state = Mutex(State(throttle: PodEventThrottle(settings.throttle)))
    }

    /// Takes a decision, whatever it is; returns at once.
    func record(_ record: AuditRecord) {
        guard let event = PodEvent(of: record) else { return }
        let now = scheduler.monotonic()
        let verdict = state.withLock { state -> PodEventThrottle.Verdict in
            if let until = state.paused[event.namespace], now < until { return .repeated }
            guard state.queue.count < settings.queue else { return .limited }
            let verdict = state.throttle.verdict(on: event.key, at: now)
            if verdict == .due { state.queue.append(event) }
            return verdict
        }
        switch verdict {
        case .due: added.send()
        case .repeated: break
        case .limited: metrics.count(.dropped)
        }
    }

    /// Writes one Event after the other. It belongs behind the client's service in a service group; what waits when the
    /// gateway ends is lost.
    func run() async {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                // Before the look, so that no Event falls between.
                let changes = self.added.changes()
                while !Task.isCancelled, let event = self.next() { await self.write(event) }
                for await _ in changes { break }
            }
        }
    }

    private func next() -> PodEvent? {
        let now = scheduler.monotonic()
        return state.withLock { state in
            while !state.queue.isEmpty {
                let event = state.queue.removeFirst()
                if let until = state.paused[event.namespace], now < until { continue }
                return event
            }
            return nil
        }
    }

    private func write(_ event: PodEvent) async {
        let events = KubernetesCollection(
            client: client, resource: .events, namespace: event.namespace, scheduler: scheduler, patience: 0,
            timeout: settings.timeout)
        var failures = 0
        while true {
            do throws(KubernetesAPIError) {
                _ = try await events.create(event.json(reportedBy: instance))
                works(event)
                return
            } catch {
                failures += 1
                switch error.kind {
                // Another replica has told it.
                case .alreadyExists: return
                // The namespace is gone, and the Pod with it.
                case .notFound: return
                case _ where error.isTransient && failures < settings.attempts:
                    let seconds = scheduler.backoff(failures: failures, retryAfter: error.retryAfter)
                    guard (try? await scheduler.sleep(seconds)) != nil else { return }
                default:
                    fails(event, error)
                    return
                }
            }
        }
    }

    private static let forbidden =
        "the gateway may not create events (403); bind its ServiceAccount to a ClusterRole with the verb create on "
        + "events, or set audit.events to false"

    private func works(_ event: PodEvent) {
        // Last, so that whoever sees the count finds the rest done.
        defer { metrics.count(.written) }
        let failed = state.withLock { state in
            // That another namespace allows it says nothing of the one that does not.
            let wasPaused = state.paused.removeValue(forKey: event.namespace) != nil
            guard state.told != nil, wasPaused || state.told != Self.forbidden else { return false }
            state.told = nil
            return true
        }
        if failed { logger.notice("Events on Pods are written again") }
    }

    private func fails(_ event: PodEvent, _ failure: KubernetesAPIError) {
        if Task.isCancelled { return }
        defer { metrics.count(.failed) }
        let now = scheduler.monotonic()
        let isForbidden = failure.kind == .forbidden
        let reason = isForbidden ? Self.forbidden : failure.description
        let isNews = state.withLock { state in
            // The next refusal of the Pod tries again.
            state.throttle.remove(event.key)
            if isForbidden {
                if state.paused.count >= settings.pausedNamespaces {
                    state.paused = state.paused.filter { now < $0.value }
                }
                if state.paused.count < settings.pausedNamespaces {
                    state.paused[event.namespace] = now + settings.pause
                }
            }
            defer { state.told = reason }
            return state.told != reason
        }
        guard isNews else { return }
        logger.warning(
            "an Event on a Pod cannot be written",
            metadata: ["namespace": "\(event.namespace)", "reason": "\(reason)"])
    }
}
