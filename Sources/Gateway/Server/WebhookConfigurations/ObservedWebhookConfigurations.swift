import GatewayCore
import Kubernetes
import KubernetesAPI
import Logging
import ServiceLifecycle
import Synchronization

/// The MutatingWebhookConfigurations of the cluster, which every replica watches: those that call the gateway need its
/// caBundle, and one of another gateway with the same labels injects the same Pods.
///
/// The gateway needs list and watch on mutatingwebhookconfigurations.
final class ObservedWebhookConfigurations: Service {
    private struct Entry {
        let object: KubernetesObject
        var conflict: String?
    }

    private struct State {
        var entries: [String: Entry] = [:]
        var isListed = false
        var labels: Set<String>
    }

    let collection: KubernetesCollection
    private let service: String
    private let namespace: String
    private let leadership: Leadership
    private let settings: Reflector.Settings
    private let logger: Logger
    private let state: Mutex<State>
    private let signal = ChangeSignal()

    /// - Parameters:
    ///   - service: the Service of the webhook listener.
    ///   - namespace: the gateway's namespace.
    ///   - labels: the keys of the labels of the gateway's endpoints.
    init(
        client: KubernetesClient, service: String, namespace: String, labels: Set<String>, leadership: Leadership,
        settings: Reflector.Settings = .init(), scheduler: Scheduler, logger: Logger
    ) {
        collection = KubernetesCollection(
            client: client, resource: .mutatingWebhookConfigurations, namespace: nil, scheduler: scheduler)
        self.service = service
        self.namespace = namespace
        self.leadership = leadership
        self.settings = settings
        self.logger = logger
        state = Mutex(State(labels: labels))
    }

    /// Those that exist, by name; nil until they were listed.
    var all: [WebhookConfiguration]? {
        state.withLock { state in
            guard state.isListed else { return nil }
            return state.entries.values.map { configuration($0.object) }.sorted { $0.name < $1.name }
        }
    }

    /// Why another gateway may inject the same Pods; nil where none does.
    var conflict: String? {
        state.withLock { state in
            state.entries.sorted { $0.key < $1.key }.lazy.compactMap(\.value.conflict).first
        }
    }

    /// Yields an element for each later change.
    func changes() -> AsyncStream<Void> { signal.changes() }

    func configuration(_ object: KubernetesObject) -> WebhookConfiguration {
        WebhookConfiguration(object, service: service, namespace: namespace)
    }

    /// Applies the labels of a reloaded configuration.
    func apply(labels: Set<String>) {
        let isChange = state.withLock { state in
            guard state.labels != labels else { return false }
            state.labels = labels
            for (name, entry) in state.entries {
                state.entries[name]?.conflict = configuration(entry.object).conflict(over: labels)
            }
            return true
        }
        if isChange { signal.send() }
    }

    func run() async {
        await cancelWhenGracefulShutdown {
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await self.watch() }
                group.addTask { await self.leadership.whileLeading { await self.report() } }
            }
        }
    }

    private func watch() async {
        let reflector = Reflector(collection, selector: nil, settings: settings, logger: logger)
        await reflector.run { event in
            switch event {
            case .added(let object), .modified(let object): set(object)
            case .deleted(let key): state.withLock { $0.entries[key.name] = nil }
            case .listed: state.withLock { $0.isListed = true }
            case .alive: return
            }
            signal.send()
        }
    }

    private func set(_ object: KubernetesObject) {
        let configuration = configuration(object)
        state.withLock { state in
            state.entries[object.meta.name] = Entry(
                object: object, conflict: configuration.conflict(over: state.labels))
        }
    }

    /// Logs conflicts.
    private func report() async {
        var log = FailureLog("another gateway injects the same Pods", level: .critical, logger: logger)
        while !Task.isCancelled {
            // Before the check, so that no change is missed.
            let changes = changes()
            if let conflict { log.fail(conflict, code: .webhookConflict) } else { log.succeed() }
            for await _ in changes { break }
        }
    }
}
