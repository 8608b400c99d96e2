public import KubernetesAPI
public import Logging

/// An event of a ``Reflector``.
public enum ReflectorEvent: Sendable {
    /// An object that was not reported before.
    case added(KubernetesObject)
    /// An object that was reported before, and was changed or listed again.
    case modified(KubernetesObject)
    /// An object that was reported before was deleted, or no longer matches the selector.
    case deleted(ObjectMeta.Key)
    /// All objects of a list were reported, and all deletions since the last list.
    case listed
    /// The watch received something: all events that the API server has sent were reported.
    case alive
}

/// Follows the objects of a collection as client-go's Reflector does: a list, then a watch from its resourceVersion
/// with bookmarks, a further watch after the end of each, and a new list if the API server no longer has the version to
/// continue from, and after ``Settings/listInterval`` or longer. It stores the keys of the objects, not the objects.
public struct Reflector: Sendable {
    /// Sizes and times.
    public struct Settings: Sendable {
        /// The maximum number of objects of a page of a list.
        public var pageSize = 100
        /// Seconds between two lists of few objects.
        public var listInterval = 300.0
        /// Seconds between two lists for each object, where that is more than ``listInterval``. The watch reports every
        /// change, so a list is a safeguard, and it reads all objects from etcd.
        public var listSecondsPerObject = 0.6
        /// The maximum number of seconds between two lists.
        public var maximumListInterval = 3_600.0
        /// Seconds of one watch. The API server ends it then, so that silence for
        /// ``KubernetesClient/Limits/watchIdleTimeout``, which must be more, shows that the connection is dead.
        ///
        /// The next watch begins on the same connection, from the last version, in the API server's watch cache: one
        /// request in 8 s, whatever the number of objects. A read on another connection every 5 s would cost more: a
        /// list of one object reads etcd, its resourceVersion changes with every write in the cluster, and the
        /// versions of all objects are a response that grows with them.
        public var watchSeconds = 8
        /// A watch that lasted for this number of seconds, or had an event, did not fail.
        public var soundSeconds = 5.0

        /// Creates the default settings.
        public init() {}

        func interval(of count: Int) -> Double {
            max(listInterval, min(maximumListInterval, listSecondsPerObject * Double(count)))
        }
    }

    private let collection: KubernetesCollection
    private let selector: String?
    private let fields: String?
    private let settings: Settings
    private let logger: Logger

    private var scheduler: KubernetesScheduler { collection.scheduler }

    /// Creates a reflector.
    ///
    /// - Parameters:
    ///   - selector: a label selector; nil for all objects.
    ///   - fields: a field selector; nil for all objects.
    public init(
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
        /// Consecutive failures.
        var failures = 0
        /// The last logged reason; nil if the watch works.
        var logged: String?
    }

    /// Reports events until its task is cancelled.
    public func run(_ report: (ReflectorEvent) async -> Void) async {
        var state = State()
        while !Task.isCancelled {
            do throws(KubernetesAPIError) {
                let version = try await list(&state, report)
                try await follow(from: version, &state, report)
            } catch {
                // The first time that the version to continue from is too old, the list follows immediately.
                await pause(after: error, &state, atOnce: error.kind == .gone && state.failures == 0)
            }
        }
    }

    private func list(
        _ state: inout State, _ report: (ReflectorEvent) async -> Void
    ) async throws(KubernetesAPIError) -> String {
        var found: Set<ObjectMeta.Key> = []
        var known = state.known
        defer { state.known = known }
        let version = try await collection.list(
            selector: selector, fields: fields, pageSize: settings.pageSize
        ) { object in
            found.insert(object.meta.key)
            await report(known.insert(object.meta.key).inserted ? .added(object) : .modified(object))
        }
        for key in known.subtracting(found) {
            known.remove(key)
            await report(.deleted(key))
        }
        await report(.listed)
        return version
    }

    /// Watches repeatedly, until the next list is due.
    private func follow(
        from version: String, _ state: inout State, _ report: (ReflectorEvent) async -> Void
    ) async throws(KubernetesAPIError) {
        var version = version
        let due = scheduler.monotonic() + settings.interval(of: state.known.count)
        while !Task.isCancelled {
            let began = scheduler.monotonic()
            guard began < due else { return }
            let seconds = min(settings.watchSeconds, max(1, Int((due - began).rounded(.up))))
            var isSound = false
            var problem: KubernetesAPIError?
            do throws(KubernetesAPIError) {
                var known = state.known
                defer { state.known = known }
                let ending = try await collection.watch(
                    selector: selector, fields: fields, from: version, seconds: seconds
                ) { event in
                    isSound = true
                    version = await Self.report(event, &known, report) ?? version
                }
                if case .error(let failure) = ending { throw failure }
            } catch {
                switch error.kind {
                // The connection failed, or the server is overloaded: continue from the last version.
                case .noAnswer(.unreachable), .noAnswer(.timeout), .noAnswer(.cancelled), .starting, .tooManyRequests,
                    .serverError, .unauthorized, .forbidden:
                    problem = error
                default: throw error
                }
            }
            if isSound || scheduler.monotonic() - began >= settings.soundSeconds {
                state.failures = 0
                if problem == nil { succeeded(&state) }
            }
            if let problem {
                await pause(after: problem, &state)
            } else if !isSound, scheduler.monotonic() - began < settings.soundSeconds {
                state.failures += 1
                try? await scheduler.sleep(scheduler.backoff(state.failures, nil))
            }
        }
    }

    /// - Returns: the resourceVersion to continue from.
    private static func report(
        _ event: WatchEvent, _ known: inout Set<ObjectMeta.Key>, _ report: (ReflectorEvent) async -> Void
    ) async -> String? {
        var version: String?
        switch event {
        case .added(let object), .modified(let object):
            version = object.meta.resourceVersion
            await report(known.insert(object.meta.key).inserted ? .added(object) : .modified(object))
        case .deleted(let object):
            version = object.meta.resourceVersion
            if known.remove(object.meta.key) != nil { await report(.deleted(object.meta.key)) }
        case .bookmark(let bookmark): version = bookmark
        case .error: return nil
        }
        await report(.alive)
        return version
    }

    private func pause(after failure: KubernetesAPIError, _ state: inout State, atOnce: Bool = false) async {
        if Task.isCancelled { return }
        state.failures += 1
        let reason = failure.description
        if !atOnce, state.logged != reason {
            state.logged = reason
            logger.warning("watch failed", metadata: ["reason": "\(reason)"])
        }
        guard !atOnce else { return }
        try? await scheduler.sleep(scheduler.backoff(state.failures, failure.retryAfter))
    }

    private func succeeded(_ state: inout State) {
        guard state.logged != nil else { return }
        state.logged = nil
        logger.notice("watch restored")
    }
}
