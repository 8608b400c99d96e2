import GatewayCore
import Kubernetes
import KubernetesAPI
import Logging
import ServiceLifecycle
import Synchronization

/// Creates Events on Pods whose requests were denied by policy. Token calls do not wait for them: Events are added to a
/// bounded queue, and dropped and counted where that is full.
///
/// The gateway needs the verb create on events in the namespaces of those Pods. A missing permission is logged once,
/// and no Event is created in the namespace for ``Settings/pause``.
final class PodEvents: Service {
    /// Times in seconds.
    struct Settings: Sendable {
        var throttle = PodEventThrottle.Limits()
        /// The maximum number of pending Events.
        var queue = 256
        /// The maximum number of attempts for one Event.
        var attempts = 3
        /// The timeout of one attempt.
        var timeout = 5.0
        /// How long no Event is created in a namespace after a 403.
        var pause = 600.0
        /// The maximum number of paused namespaces.
        var pausedNamespaces = 256
    }

    private struct State {
        var throttle: PodEventThrottle
        var queue: [PodEvent] = []
        /// The end of the pause by namespace, in monotonic seconds.
        var paused: [String: Double] = [:]
        /// The last logged failure; nil where there is none.
        var logged: String?
    }

    private let client: KubernetesClient
    private let instance: String?
    private let settings: Settings
    private let metrics: PodEventMetrics
    private let scheduler: Scheduler
    private let logger: Logger
    private let state: Mutex<State>
    private let added = ChangeSignal()

    /// - Parameter instance: the name of the gateway's Pod; nil where it is not known.
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

    /// Adds an Event where the decision is a denial by policy. Does not block.
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

    /// Writes the Events one after the other. The service follows the client's service in a service group; pending
    /// Events are lost when the gateway stops.
    func run() async {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                // Before the queue is read, so that no Event is missed.
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
                succeeded(event)
                return
            } catch {
                failures += 1
                switch error.kind {
                // Another replica has created it.
                case .alreadyExists: return
                // The namespace is gone, and the Pod with it.
                case .notFound: return
                case _ where error.isTransient && failures < settings.attempts:
                    let seconds = scheduler.backoff(failures: failures, retryAfter: error.retryAfter)
                    guard (try? await scheduler.sleep(seconds)) != nil else { return }
                default:
                    failed(event, error)
                    return
                }
            }
        }
    }

    private static let forbidden =
        "not allowed to create events (403); bind the gateway's ServiceAccount to a ClusterRole with the verb create "
        + "on events, or set audit.events to false"

    private func succeeded(_ event: PodEvent) {
        // The metric is updated last, after the log.
        defer { metrics.count(.written) }
        let isRecovered = state.withLock { state in
            // A success in another namespace does not end a 403.
            let wasPaused = state.paused.removeValue(forKey: event.namespace) != nil
            guard state.logged != nil, wasPaused || state.logged != Self.forbidden else { return false }
            state.logged = nil
            return true
        }
        if isRecovered { logger.notice("Pod Events work again") }
    }

    private func failed(_ event: PodEvent, _ failure: KubernetesAPIError) {
        if Task.isCancelled { return }
        defer { metrics.count(.failed) }
        let now = scheduler.monotonic()
        let isForbidden = failure.kind == .forbidden
        let reason = isForbidden ? Self.forbidden : failure.description
        let isChange = state.withLock { state in
            // The next denial of the Pod tries again.
            state.throttle.remove(event.key)
            if isForbidden {
                if state.paused.count >= settings.pausedNamespaces {
                    state.paused = state.paused.filter { now < $0.value }
                }
                if state.paused.count < settings.pausedNamespaces {
                    state.paused[event.namespace] = now + settings.pause
                }
            }
            defer { state.logged = reason }
            return state.logged != reason
        }
        guard isChange else { return }
        logger.warning(
            "Pod Event failed",
            metadata: ["code": "\(ErrorCode.apiServer)", "namespace": "\(event.namespace)", "reason": "\(reason)"])
    }
}
