package import GatewayPluginAPI

/// Reads the published documents, and writes those that are not current.
package struct PublicationRound: Sendable {
    /// The result for one document.
    package enum Result: Sendable, Equatable {
        /// The stored document is current; nothing was written.
        case unchanged
        case written
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
            case .written: .written
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
    ///   - isDryRun: whether nothing is written.
    package func run(
        _ documents: IssuerDocuments, through publisher: any DiscoveryPublisher, takeOver: Bool = false,
        isDryRun: Bool = false
    ) async -> [Outcome] {
        var outcomes: [Outcome] = []
        var attempt = 1
        while true {
            let plans: [Plan]
            switch await plan(documents, through: publisher, takeOver) {
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
                    outcomes.append(Outcome(document: document, result: .written))
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

    /// What to do with a document.
    private struct Plan {
        let document: IssuerDocuments.Document
        /// nil where nothing is to be written.
        let condition: PutCondition?
    }

    /// The outcome that ends a round before it writes.
    private struct Stop: Error {
        let outcome: Outcome
    }

    private func plan(
        _ documents: IssuerDocuments, through publisher: any DiscoveryPublisher, _ takeOver: Bool
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
            case .reject(let conflict): return stop(.rejected(conflict))
            case .put(let condition): plans.append(Plan(document: document, condition: condition))
            }
        }
        return .success(plans)
    }
}
