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
        /// Reports of the watch about this document.
        var reports = 0
    }

    /// How long a document may be used that the store has not confirmed, in seconds.
    static var window: Double { Double(EndpointConfiguration.replicaWindow) }

    let name: String
    private let state: Mutex<State>
    private let signal = ChangeSignal()
    private let monotonic: @Sendable () -> Double
    private let logger: Logger

    /// - Parameters:
    ///   - view: what is known already, and in force with the consumer.
    ///   - monotonic: seconds of a clock that is never set and that counts suspension.
    init(
        _ name: String, view: View = View(), consumer: Consumer, monotonic: @escaping @Sendable () -> Double,
        logger: Logger
    ) {
        self.name = name
        self.monotonic = monotonic
        self.logger = logger
        state = Mutex(State(view: view, consumer: consumer))
        consumer.confirm(confirmationEnd)
    }

    var view: View { state.withLock { $0.view } }

    /// Yields an element for each later change.
    func changes() -> AsyncStream<Void> { signal.changes() }

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
            metadata: ["document": "\(Value.layout.title)", "reason": "\(problem)"])
    }

    private func apply(_ stored: Stored<Value>, to state: inout State) {
        let old = state.view.stored
        if let old {
            let since = state.replaced ?? monotonic()
            if old.value.outranks(
                stored.value, seenFor: monotonic() - since, window: Self.window)
            {
                state.replaced = since
                state.view = View(stored: old, isMissing: false, replacedBy: stored.version)
                return
            }
        }
        let isOther =
            old?.version != stored.version || state.view.isMissing == true || state.view.problem != nil
            || state.view.replacedBy != nil
        do throws(StoreError) {
            if isOther { try state.consumer.use(stored.value, old?.value) }
            state.replaced = nil
            state.view = View(stored: stored, isMissing: false)
            state.consumer.confirm(confirmationEnd)
        } catch {
            Self.apply(error, stored.version, to: &state)
        }
    }

    private static func apply(_ problem: StoreError, _ version: DocumentVersion?, to state: inout State) {
        state.view.problem = problem
        state.view.replacedBy = version ?? state.view.replacedBy
        state.view.isMissing = false
        if state.view.stored == nil { state.consumer.fail(problem) }
    }

    private var confirmationEnd: Double { monotonic() + Self.window }
}
