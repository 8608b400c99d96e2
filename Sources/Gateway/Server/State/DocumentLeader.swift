import FoundationEssentials
import GatewayCore
import Logging

/// Advances one document, step by step, while this replica is the leader. Each step is one compare-and-swap, so that a
/// stop between two steps, or a second leader, is harmless.
struct DocumentLeader<Value: ReplicatedDocument>: Sendable {
    /// The result of a step.
    enum Outcome: Sendable {
        /// The store contains this document.
        case stored(Stored<Value>)
        /// The store contains none.
        case missing
        /// No step is due until that time, or until something changes.
        case wait(until: Date?)
    }

    let store: any DocumentStore<Value>
    /// Called immediately before each write.
    let mayWrite: @Sendable () -> Bool
    let logger: Logger

    /// Does one step and applies its outcome to the replica.
    ///
    /// - Parameter step: one step, for what the replica has.
    /// - Returns: when the next step follows.
    func advance(
        _ replica: DocumentReplica<Value>,
        _ step: (DocumentReplica<Value>.View) async throws(StoreError) -> Outcome
    ) async throws(StoreError) -> StepTime {
        let reports = replica.reports
        switch try await step(replica.view) {
        case .wait(let time): return .at(time)
        case .stored(let stored): try await apply(.document(stored), to: replica, ifReports: reports)
        case .missing: try await apply(.missing(name: replica.name), to: replica, ifReports: reports)
        }
        return .atOnce
    }

    /// Applies the news to the replica. Where the watch has reported something since, the document is loaded again.
    func apply(
        _ news: DocumentNews<Value>, to replica: DocumentReplica<Value>, ifReports reports: Int
    ) async throws(StoreError) {
        var (news, reports) = (news, reports)
        while !replica.apply(news, ifReports: reports) {
            reports = replica.reports
            news = try await store.load(replica.name).map { .document($0) } ?? .missing(name: replica.name)
        }
    }

    /// Writes the document back where the store has lost it or contains another one.
    ///
    /// - Returns: nil where the store contains it.
    func restore(_ view: DocumentReplica<Value>.View) async throws(StoreError) -> Outcome? {
        guard let stored = view.stored, view.isMissing == true || view.replacedBy != nil else { return nil }
        // A report may be older than this process's own last write.
        if view.problem == nil, let present = try await store.load(stored.value.name),
            present.version != view.replacedBy
        {
            return .stored(present)
        }
        logger.warning(
            "stored document restored from memory",
            metadata: [
                "code": "\(ErrorCode.documentRestored)", "document": "\(Value.layout.title)",
                "found": view.replacedBy == nil ? "nothing" : "another document",
            ])
        return try await save(stored.value.restored, replacing: view.replacedBy, request: stored.request)
    }

    /// Saves the document. After a conflict the write is not repeated: the outcome is what the other process has
    /// written.
    ///
    /// - Parameter request: of the document that is replaced.
    func save(
        _ value: Value, replacing version: DocumentVersion?, request: String? = nil
    ) async throws(StoreError) -> Outcome {
        guard mayWrite() else { return .wait(until: nil) }
        do {
            return .stored(
                Stored(value, version: try await store.save(value, replacing: version), request: request))
        } catch .conflict {
            return try await store.load(value.name).map { .stored($0) } ?? .missing
        }
    }

    func save(_ value: Value, replacing stored: Stored<Value>) async throws(StoreError) -> Outcome {
        try await save(value, replacing: stored.version, request: stored.request)
    }
}
