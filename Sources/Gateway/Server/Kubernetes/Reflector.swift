import GatewayCore
import Logging

/// What a ``Reflector`` tells.
enum ReflectorEvent: Sendable {
    /// An object that was not told before.
    case added(KubernetesObject)
    /// An object that was told before, changed or listed again.
    case modified(KubernetesObject)
    /// It was told before, and is there no more, or is selected no more.
    case deleted(ObjectMeta.Key)
    /// Every object there is was told, and those that are not any more.
    case listed
    /// The API server has shown that the watch is alive: nothing that it knew was left untold.
    case alive
}

/// Follows the objects of a collection as client-go's Reflector does: a list, then a watch from its resourceVersion
/// with bookmarks, a watch again where one ends, and a new list where the API server has forgotten what a watch would
/// go on from, and from time to time anyhow. It keeps addresses, not objects.
struct Reflector: Sendable {
    struct Settings: Sendable {
        /// Objects of a list's page.
        var pageSize = 100
        /// Seconds between two lists.
        var listInterval = 300.0
        /// Seconds of one watch, below the client's ``KubernetesClient/Limits/watchIdleTimeout``. Short, since on one
        /// whose connection leads nowhere nothing is heard for so long.
        var watchSeconds = 60
        /// A watch that lasted so many seconds, or told anything, ended as watches do.
        var soundSeconds = 5.0
    }

    let collection: KubernetesCollection
    /// By labels, and by fields.
    let selector: String?
    let fields: String?
    let settings: Settings
    let logger: Logger

    private var pacing: Pacing { collection.pacing }

    init(
        _ collection: KubernetesCollection, selector: String?, fields: String? = nil, settings: Settings = Settings(),
        logger: Logger
    ) {
        self.collection = collection
        self.selector = selector
        self.fields = fields
        self.settings = settings
        self.logger = logger
    }

    private struct State {
        var known: Set<ObjectMeta.Key> = []
        /// In a row.
        var failures = 0
        /// What the log was told last; nil where all is well.
        var told: String?
    }

    /// Runs until its task is cancelled.
    func run(_ tell: (ReflectorEvent) async -> Void) async {
        var state = State()
        while !Task.isCancelled {
            do throws(KubernetesFailure) {
                let version = try await list(&state, tell)
                try await follow(from: version, &state, tell)
            } catch {
                // The first time that what to go on from is forgotten, the list comes at once.
                await pause(after: error, &state, atOnce: error.kind == .gone && state.failures == 0)
            }
        }
    }

    private func list(
        _ state: inout State, _ tell: (ReflectorEvent) async -> Void
    ) async throws(KubernetesFailure) -> String {
        var found: Set<ObjectMeta.Key> = []
        var known = state.known
        defer { state.known = known }
        let version = try await collection.list(
            selector: selector, fields: fields, pageSize: settings.pageSize
        ) { object in
            found.insert(object.meta.key)
            await tell(known.insert(object.meta.key).inserted ? .added(object) : .modified(object))
        }
        for key in known.subtracting(found) {
            known.remove(key)
            await tell(.deleted(key))
        }
        await tell(.listed)
        return version
    }

    /// Watches, again and again, until the next list is due.
    private func follow(
        from version: String, _ state: inout State, _ tell: (ReflectorEvent) async -> Void
    ) async throws(KubernetesFailure) {
        var version = version
        let due = pacing.monotonic() + settings.listInterval
        while !Task.isCancelled {
            let began = pacing.monotonic()
            guard began < due else { return }
            let seconds = min(settings.watchSeconds, max(1, Int((due - began).rounded(.up))))
            var isSound = false
            var problem: KubernetesFailure?
            do throws(KubernetesFailure) {
                var known = state.known
                defer { state.known = known }
                let ending = try await collection.watch(
                    selector: selector, fields: fields, from: version, seconds: seconds
                ) { event in
                    isSound = true
                    version = await Self.tell(event, &known, tell) ?? version
                }
                if case .error(let failure) = ending { throw failure }
            } catch {
                switch error.kind {
                // A connection that broke off, or a server that has too much to do: go on from where this one was.
                case .noAnswer(.unreachable), .noAnswer(.timeout), .noAnswer(.cancelled), .tooManyRequests,
                    .serverError, .unauthorized, .forbidden:
                    problem = error
                default: throw error
                }
            }
            if isSound || pacing.monotonic() - began >= settings.soundSeconds {
                state.failures = 0
                if problem == nil { works(&state) }
            }
            if let problem {
                await pause(after: problem, &state)
            } else if !isSound, pacing.monotonic() - began < settings.soundSeconds {
                state.failures += 1
                try? await pacing.sleep(pacing.backoff(failures: state.failures, retryAfter: nil))
            }
        }
    }

    /// - Returns: the resourceVersion to go on from.
    private static func tell(
        _ event: WatchEvent, _ known: inout Set<ObjectMeta.Key>, _ tell: (ReflectorEvent) async -> Void
    ) async -> String? {
        var version: String?
        switch event {
        case .added(let object), .modified(let object):
            version = object.meta.resourceVersion
            await tell(known.insert(object.meta.key).inserted ? .added(object) : .modified(object))
        case .deleted(let object):
            version = object.meta.resourceVersion
            if known.remove(object.meta.key) != nil { await tell(.deleted(object.meta.key)) }
        case .bookmark(let told): version = told
        case .error: return nil
        }
        await tell(.alive)
        return version
    }

    private func pause(after failure: KubernetesFailure, _ state: inout State, atOnce: Bool = false) async {
        if Task.isCancelled { return }
        state.failures += 1
        let reason = failure.description
        if !atOnce, state.told != reason {
            state.told = reason
            logger.warning("watch failed", metadata: ["reason": "\(reason)"])
        }
        guard !atOnce else { return }
        try? await pacing.sleep(pacing.backoff(failures: state.failures, retryAfter: failure.retryAfter))
    }

    private func works(_ state: inout State) {
        guard state.told != nil else { return }
        state.told = nil
        logger.notice("watch works again")
    }
}
