import FoundationEssentials
import GatewayCore
import Logging
import Synchronization

/// The replica of one document in this process. The last valid document is in force; ``ReplicatedDocument/outranks``
/// decides whether it stays in force when the store contains another one.
final class DocumentReplica<Value: ReplicatedDocument>: Sendable {
    struct View: Sendable {
        /// The last valid document.
        var stored: Stored<Value>?
        /// Whether the store has no such document; nil where nothing was reported yet.
        var isMissing: Bool?
        /// Why what the store contains cannot be used.
        var problem: StoreError?
        /// The version of what the store contains in place of ``stored``.
        var replacedBy: DocumentVersion?
        /// The valid document that the store contains in place of ``stored``.
        var found: Stored<Value>?
    }

    /// The functions by which the document takes effect.
    struct Consumer: Sendable {
        /// Puts a document in force in place of the other one.
        ///
        /// - Throws: `malformed` where it cannot be used.
        let use: @Sendable (_ new: Value, _ old: Value?) throws(StoreError) -> Void
        /// Reports why no document is in force.
        let fail: @Sendable (StoreError) -> Void
        /// Sets the monotonic seconds until which the document may be used without another confirmation by the store.
        let confirm: @Sendable (Double) -> Void
    }

    private struct State {
        var view: View
        var consumer: Consumer
        /// Since when the store contains another document, in monotonic seconds.
        var replaced: Double?
        /// Since when a document of this owner is in force, in monotonic seconds.
        var held: Double
        /// Reports of the watch about this document.
        var reports = 0
    }

    /// How long a document may be used that the store has not confirmed, in seconds.
    static var window: Double { Double(EndpointConfiguration.replicaWindow) }

    let name: String
    private let state: Mutex<State>
    private let signal = ChangeSignal()
    private let scheduler: Scheduler
    private let logger: Logger

    /// - Parameter view: what is known already, and in force with the consumer.
    init(_ name: String, view: View = View(), consumer: Consumer, scheduler: Scheduler, logger: Logger) {
        self.name = name
        self.scheduler = scheduler
        self.logger = logger
        state = Mutex(State(view: view, consumer: consumer, held: scheduler.monotonic()))
        consumer.confirm(confirmationEnd)
    }

    var view: View { state.withLock { $0.view } }

    /// Yields an element for each later change.
    func changes() -> AsyncStream<Void> { signal.changes() }

    /// Calls `notify` at each later change, until the returned value is released.
    func observe(_ notify: @escaping @Sendable () -> Void) -> ChangeSignal.Observation { signal.observe(notify) }

    /// Replaces the consumer; the view does not change meanwhile.
    func replaceConsumer<Result: Sendable>(_ make: (View) -> (Consumer, Result)) -> Result {
        state.withLock { state in
            let (consumer, result) = make(state.view)
            state.consumer = consumer
            return result
        }
    }

    /// How many reports the watch has made.
    var reports: Int { state.withLock { $0.reports } }

    /// Applies a report of the watch about this document, or about all documents.
    func apply(_ news: DocumentNews<Value>) {
        if case .confirmed(let names) = news { return confirm(names) }
        apply(news) { state in
            state.reports += 1
            return true
        }
    }

    /// Applies what this process has written or loaded, unless the watch has reported something since, which may be
    /// newer.
    ///
    /// - Parameter reports: ``reports`` from before the document was written or loaded.
    /// - Returns: whether it was applied.
    func apply(_ news: DocumentNews<Value>, ifReports reports: Int) -> Bool {
        apply(news) { $0.reports == reports }
    }

    /// Reports why no document can be created; it has no effect where one is in force.
    func fail(_ problem: StoreError) {
        state.withLock { if $0.view.stored == nil { $0.consumer.fail(problem) } }
    }

    /// What is known where the store contains another valid document; nil where it does not.
    func conflict(_ reading: DocumentConflict.Reading) -> DocumentConflict? {
        state.withLock { state in
            state.view.found == nil
                ? nil : conflict(reading, since: state.replaced ?? scheduler.monotonic(), in: state)
        }
    }

    /// Puts the other document in force, where the store was not seen to contain a third one since.
    func yield(to found: DocumentVersion) {
        let isReplaced = state.withLock { state in
            guard let other = state.view.found, other.version == found else { return false }
            use(other, in: &state)
            return true
        }
        if isReplaced { signal.send() }
    }

    /// The times are counted back from now, so that a clock that was set since does not change a window.
    private func conflict(
        _ reading: DocumentConflict.Reading, since seen: Double, in state: State
    ) -> DocumentConflict {
        let (now, monotonic) = (scheduler.now(), scheduler.monotonic())
        return DocumentConflict(
            held: now.addingTimeInterval(state.held - monotonic), seen: now.addingTimeInterval(seen - monotonic),
            now: now, window: Self.window, reading: reading)
    }

    private func confirm(_ names: Set<String>?) {
        let isLost = state.withLock { state in
            if let names, !names.contains(name) { return state.view.isMissing != true }
            // A newer release may advance the document, and this process cannot read the result.
            if case .newerVersion = state.view.problem { return false }
            guard state.view.isMissing != true, state.view.replacedBy == nil || state.view.problem != nil else {
                return false
            }
            state.consumer.confirm(confirmationEnd)
            return false
        }
        if isLost { apply(.missing(name: name)) }
    }

    @discardableResult
    private func apply(_ news: DocumentNews<Value>, when condition: (inout State) -> Bool) -> Bool {
        // Logged before the view changes: a problem in the view is always in the log.
        var logged = view.problem
        var unlogged: StoreError?
        if case .unusable(_, let problem, _) = news, problem != logged {
            log(problem)
            logged = problem
        }
        let isApplied = state.withLock { state in
            guard condition(&state) else { return false }
            switch news {
            case .document(let stored): apply(stored, to: &state)
            case .unusable(_, let problem, let version): Self.apply(problem, version, to: &state)
            case .missing:
                state.view.isMissing = true
                state.view.problem = nil
                state.view.replacedBy = nil
                state.view.found = nil
            case .confirmed: break
            }
            if state.view.problem != logged { unlogged = state.view.problem }
            return true
        }
        if let unlogged { log(unlogged) }
        if isApplied { signal.send() }
        return isApplied
    }

    private func log(_ problem: StoreError) {
        logger.error(
            "stored document cannot be used",
            metadata: ["code": "\(problem.code)", "document": "\(Value.layout.title)", "reason": "\(problem)"])
    }

    private func apply(_ stored: Stored<Value>, to state: inout State) {
        let old = state.view.stored
        if let old {
            let since = state.replaced ?? scheduler.monotonic()
            if old.value.outranks(stored.value, in: conflict(.pending, since: since, in: state)) {
                state.replaced = since
                state.view = View(stored: old, isMissing: false, replacedBy: stored.version, found: stored)
                return
            }
        }
        use(stored, in: &state)
    }

    private func use(_ stored: Stored<Value>, in state: inout State) {
        let old = state.view.stored
        let isOther =
            old?.version != stored.version || state.view.isMissing == true || state.view.problem != nil
            || state.view.replacedBy != nil
        do throws(StoreError) {
            if isOther { try state.consumer.use(stored.value, old?.value) }
            state.replaced = nil
            if old?.value.owner != stored.value.owner { state.held = scheduler.monotonic() }
            state.view = View(stored: stored, isMissing: false)
            state.consumer.confirm(confirmationEnd)
        } catch {
            Self.apply(error, stored.version, to: &state)
        }
    }

    private static func apply(_ problem: StoreError, _ version: DocumentVersion?, to state: inout State) {
        state.view.problem = problem
        state.view.replacedBy = version ?? state.view.replacedBy
        state.view.found = nil
        state.view.isMissing = false
        if state.view.stored == nil { state.consumer.fail(problem) }
    }

    private var confirmationEnd: Double { scheduler.monotonic() + Self.window }
}
