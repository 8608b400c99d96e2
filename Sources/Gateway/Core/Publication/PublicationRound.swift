package import GatewayPluginAPI
import JOSE

/// Reads the published documents, and writes those that are not current.
package struct PublicationRound: Sendable {
    /// The result for one document.
    package enum Result: Sendable, Equatable {
        /// The stored document is current; nothing was written.
        case unchanged
        case written
        /// The document was written over one of another writer where this ring published last: a session of a revoked key
        /// may still be valid.
        case overwritten(PublicationConflict)
        /// The stored document is not current, and this round writes nothing.
        case stale
        case rejected(PublicationConflict)
        case failed(PublishError)

        /// The result's name in metrics and messages.
        package enum Kind: String, Sendable, CaseIterable {
            case unchanged, written, stale
            case rejected = "refused"
            case failed
        }

        package var kind: Kind {
            switch self {
            case .unchanged: .unchanged
            case .written, .overwritten: .written
            case .stale: .stale
            case .rejected: .rejected
            case .failed: .failed
            }
        }
    }

    /// A document with its result.
    package struct Outcome: Sendable, Equatable {
        package let document: IssuerDocuments.Document
        package let result: Result

        package init(document: IssuerDocuments.Document, result: Result) {
            self.document = document
            self.result = result
        }
    }

    package init() {}

    /// Reads all documents, and writes those that are not current, in their order. Where one may not be overwritten,
    /// nothing is written. A failure ends the round, so that no discovery document is published without its keys.
    ///
    /// - Parameters:
    ///   - takeOver: whether documents of another key ring may be overwritten.
    ///   - overwriteForeignKeys: whether a document with a key that is not in the ring is overwritten, whatever owner or
    ///     revision it claims.
    ///   - isDryRun: whether nothing is written.
    package func run(
        _ documents: IssuerDocuments, through publisher: any DiscoveryPublisher, takeOver: Bool = false,
        overwriteForeignKeys: Bool = false, isDryRun: Bool = false
    ) async -> [Outcome] {
        var outcomes: [Outcome] = []
        var attempt = 1
        while true {
            let plans: [Plan]
            switch await plan(documents, through: publisher, takeOver, overwriteForeignKeys) {
            case .success(let found): plans = found
            case .failure(let stop): return outcomes + [stop.outcome]
            }
            if isDryRun {
                return plans.map { Outcome(document: $0.document, result: $0.condition == nil ? .unchanged : .stale) }
            }
            var hasConflict = false
            for plan in plans where !outcomes.contains(where: { $0.document.kind == plan.document.kind }) {
                let document = plan.document
                do throws(PublishError) {
                    guard let condition = plan.condition else {
                        outcomes.append(Outcome(document: document, result: .unchanged))
                        continue
                    }
                    _ = try await publisher.put(
                        document.kind, document.content, stamp: document.stamp, if: condition)
                    outcomes.append(
                        Outcome(document: document, result: plan.conflict.map { .overwritten($0) } ?? .written))
                } catch {
                    // Another writer was faster: read the documents once more.
                    hasConflict = error.kind == .conflict && attempt < 2
                    guard hasConflict else { return outcomes + [Outcome(document: document, result: .failed(error))] }
                    break
                }
            }
            guard hasConflict else { return outcomes }
            attempt += 1
        }
    }

    /// Whether the stored document has a key that is not in the ring, or leads verifiers to other keys.
    private func hasForeignKeys(
        _ document: IssuerDocuments.Document, of documents: IssuerDocuments, through publisher: any DiscoveryPublisher
    ) async throws(PublishError) -> Bool {
        guard let content = try await publisher.content(of: document.kind) else { return false }
        switch document.kind {
        case .keys, .namedKeys:
            guard let set = try? JSONWebKeySet(parsing: content) else { return true }
            return set.keys.contains { !documents.keyIDs.contains($0.parameters.thumbprint) }
        // The key set is checked first. A conflicting stamp must not protect it.
        case .discovery: return true
        }
    }

    /// What to do with a document.
    private struct Plan {
        let document: IssuerDocuments.Document
        /// nil where nothing is to be written.
        let condition: PutCondition?
        /// The conflict with the stored document that is overwritten; nil for none.
        var conflict: PublicationConflict?
    }

    /// The outcome that ends a round before it writes.
    private struct Stop: Error {
        let outcome: Outcome
    }

    private func plan(
        _ documents: IssuerDocuments, through publisher: any DiscoveryPublisher, _ takeOver: Bool,
        _ overwriteForeignKeys: Bool
    ) async -> Swift.Result<[Plan], Stop> {
        var plans: [Plan] = []
        for document in documents.all {
            func stop(_ result: Result) -> Swift.Result<[Plan], Stop> {
                .failure(Stop(outcome: Outcome(document: document, result: result)))
            }
            let stored: StoredDocument?
            do {
                stored = try await publisher.stored(document.kind)
            } catch {
                return stop(.failed(error))
            }
            switch PublicationDecision(
                stamp: document.stamp, length: document.content.count, stored: stored, takeOver: takeOver)
            {
            case .unchanged: plans.append(Plan(document: document, condition: nil))
            case .reject(let conflict):
                guard overwriteForeignKeys, let stored else { return stop(.rejected(conflict)) }
                do {
                    guard try await hasForeignKeys(document, of: documents, through: publisher) else {
                        return stop(.rejected(conflict))
                    }
                } catch {
                    return stop(.failed(error))
                }
                plans.append(Plan(document: document, condition: .version(stored.version), conflict: conflict))
            case .put(let condition): plans.append(Plan(document: document, condition: condition))
            }
        }
        return .success(plans)
    }
}

extension PublicationRound.Outcome {
    /// Whether a document of somebody else was overwritten.
    package var isOverwritten: Bool { if case .overwritten = result { true } else { false } }
}
