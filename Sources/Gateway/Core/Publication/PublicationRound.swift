package import GatewayPluginAPI

/// One look at what is published, and the writing of what is not as it should be.
package struct PublicationRound: Sendable {
    /// What became of one document.
    package enum Result: Sendable, Equatable {
        /// It is what it should be; nothing was sent.
        case unchanged
        case written
        /// It should be written, and this round only looks.
        case stale
        case refused(PublicationRefusal)
        case failed(PublishError)

        /// The result's name, for metrics and people.
        package enum Kind: String, Sendable, CaseIterable {
            case unchanged, written, stale, refused, failed
        }

        package var kind: Kind {
            switch self {
            case .unchanged: .unchanged
            case .written: .written
            case .stale: .stale
            case .refused: .refused
            case .failed: .failed
            }
        }
    }

    package struct Outcome: Sendable, Equatable {
        package let document: IssuerDocuments.Document
        package let result: Result

        package init(document: IssuerDocuments.Document, result: Result) {
            self.document = document
            self.result = result
        }
    }

    package init() {}

    /// Looks at all documents, and writes those that are not as they should be in their order. Where one may not be
    /// overwritten nothing is written, and a failure ends the round, so that no discovery document comes without its
    /// keys.
    ///
    /// - Parameters:
    ///   - takeOver: whether what another key ring published may be overwritten.
    ///   - onlyLooks: whether nothing is written.
    package func run(
        _ documents: IssuerDocuments, through publisher: any DiscoveryPublisher, takeOver: Bool = false,
        onlyLooks: Bool = false
    ) async -> [Outcome] {
        var outcomes: [Outcome] = []
        var attempt = 1
        while true {
            let plans: [Plan]
            switch await look(at: documents, through: publisher, takeOver) {
            case .success(let looked): plans = looked
            case .failure(let stop): return outcomes + [stop.outcome]
            }
            if onlyLooks {
                return plans.map { Outcome(document: $0.document, result: $0.condition == nil ? .unchanged : .stale) }
            }
            var isOvertaken = false
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
                    // What somebody came before with is looked at once more.
                    isOvertaken = error.kind == .conflict && attempt < 2
                    guard isOvertaken else { return outcomes + [Outcome(document: document, result: .failed(error))] }
                    break
                }
            }
            guard isOvertaken else { return outcomes }
            attempt += 1
        }
    }

    /// What is to be done with a document; nil for nothing.
    private struct Plan {
        let document: IssuerDocuments.Document
        let condition: PutCondition?
    }

    /// What keeps a round from writing anything.
    private struct Stop: Error {
        let outcome: Outcome
    }

    private func look(
        at documents: IssuerDocuments, through publisher: any DiscoveryPublisher, _ takeOver: Bool
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
            case .keep: plans.append(Plan(document: document, condition: nil))
            case .refuse(let refusal): return stop(.refused(refusal))
            case .put(let condition): plans.append(Plan(document: document, condition: condition))
            }
        }
        return .success(plans)
    }
}
