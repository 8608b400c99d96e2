package import GatewayCore
package import GatewayPluginAPI
import Synchronization

/// The public issuer URL, with the responses of a test.
package final class FakeIssuerReader: IssuerReading {
    private let state = Mutex<(answers: [IssuerDocumentKind: IssuerResponse], reads: Int)>(([:], 0))

    package init() {}

    /// The number of documents read so far.
    package var reads: Int { state.withLock { $0.reads } }

    package func answer(_ answer: IssuerResponse, to document: IssuerDocumentKind) {
        state.withLock { $0.answers[document] = answer }
    }

    /// Serves the documents of a publisher.
    package func serve(_ publisher: FakePublisher) {
        for kind in [.keys, .discovery] as [IssuerDocumentKind] {
            answer(publisher[kind].map { .content($0.content, isOwn: false) } ?? .failure("it answers 404"), to: kind)
        }
    }

    package func read(_ document: IssuerDocumentKind) async -> IssuerResponse {
        state.withLock { state in
            state.reads += 1
            return state.answers[document] ?? .failure("it answers 404")
        }
    }
}
