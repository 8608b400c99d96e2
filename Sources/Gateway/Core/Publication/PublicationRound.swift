public import GatewayPluginAPI

/// One look at what is published, and the writing of what is not as it should be.
public struct PublicationRound: Sendable {
    /// What became of one document.
    public enum Result: Sendable, Equatable {
        /// It is what it should be; nothing was sent.
        case unchanged
        case written
        /// It should be written, and this round only looks.
        case stale
        case refused(PublicationRefusal)
        case failed(PublishError)

        /// The result's name, for metrics and people.
        public enum Kind: String, Sendable, CaseIterable {
            case unchanged, written, stale, refused, failed
        }

        public var kind: Kind {
            switch self {
            case .unchanged: .unchanged
            case .written: .written
            case .stale: .stale
            case .refused: .refused
            case .failed: .failed
            }
        }
    }

    public struct Outcome: Sendable, Equatable {
        public let document: PublishableDocuments.Document
        public let result: Result

        public init(document: PublishableDocuments.Document, result: Result) {
            self.document = document
            self.result = result
        }
    }

    /// The versions that this gateway wrote last.
    private var written: [IssuerDocumentKind: String] = [:]

    public init() {}

    /// Goes through the documents in their order and ends with the first that is refused or fails, so that no discovery
    /// document comes without its keys.
    ///
    /// - Parameters:
    ///   - takeOver: whether what another key ring published may be overwritten.
    ///   - onlyLooks: whether nothing is written.
    public mutating func run(
        _ documents: PublishableDocuments, through publisher: any DiscoveryPublisher, takeOver: Bool = false,
        onlyLooks: Bool = false
    ) async -> [Outcome] {
        var outcomes: [Outcome] = []
        for document in documents.documents {
            let result: Result
            do throws(PublishError) {
                result = try await publish(document, publisher, takeOver, onlyLooks)
            } catch {
                result = .failed(error)
            }
            outcomes.append(Outcome(document: document, result: result))
            switch result {
            case .unchanged, .written, .stale: continue
            case .refused, .failed: return outcomes
            }
        }
        return outcomes
    }

    /// A write that somebody came before is decided about once more.
    private mutating func publish(
        _ document: PublishableDocuments.Document, _ publisher: any DiscoveryPublisher, _ takeOver: Bool,
        _ onlyLooks: Bool
    ) async throws(PublishError) -> Result {
        var attempt = 1
        while true {
            let stored = try await publisher.stored(document.kind)
            let decision = PublicationDecision(
                stamp: document.stamp, length: document.content.count, stored: stored,
                written: written[document.kind], takeOver: takeOver)
            let condition: PutCondition
            switch decision {
            case .keep: return .unchanged
            case .refuse(let refusal): return .refused(refusal)
            case .put(let wanted): condition = wanted
            }
            if onlyLooks { return .stale }
            do {
                written[document.kind] = try await publisher.put(
                    document.kind, document.content, stamp: document.stamp, if: condition)
                return .written
            } catch {
                guard error.kind == .conflict, attempt < 2 else { throw error }
                attempt += 1
            }
        }
    }
}
