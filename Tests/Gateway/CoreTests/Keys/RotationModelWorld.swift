import FoundationEssentials
import GatewayCore
import GatewayPluginAPI
import GatewayPluginTesting
import GatewayTestSupport
import JOSE
import Synchronization

/// Two CDN edges, each with a copy that it caches for up to the maximum age.
final class FakeEdges: IssuerReading {
    private struct State {
        var copies: [[IssuerDocumentKind: (content: [UInt8], fetched: Date)]] = [[:], [:]]
        var random: SeededRandom
        /// Parsed key sets by content, since parsing is slow.
        var parsed: [[UInt8]: Set<KeyID>] = [:]
    }

    private let place: FakePublisher
    private let clock: ManualClock
    private let state: Mutex<State>

    init(place: FakePublisher, clock: ManualClock, seed: UInt64) {
        self.place = place
        self.clock = clock
        state = Mutex(State(random: SeededRandom(seed: seed)))
    }

    func read(_ document: IssuerDocumentKind) async -> IssuerResponse {
        let edge = state.withLock { Int.random(in: 0..<2, using: &$0.random) }
        return content(document, from: edge).map { .content($0, isOwn: false) } ?? .failure("it answers 404")
    }

    private func content(_ document: IssuerDocumentKind, from edge: Int) -> [UInt8]? {
        state.withLock { state in
            if let copy = state.copies[edge][document],
                clock.now.timeIntervalSince(copy.fetched) < RotationModel.maximumAge
            {
                return copy.content
            }
            guard let object = place[document] else { return nil }
            state.copies[edge][document] = (object.content, clock.now)
            return object.content
        }
    }

    func evict(using random: inout SeededRandom) {
        let edge = Int.random(in: 0..<2, using: &random)
        state.withLock { $0.copies[edge] = [:] }
    }

    func kids(from edge: Int) -> Set<KeyID>? { content(.keys, from: edge).flatMap(kids) }

    var originKids: Set<KeyID>? { place[.keys].flatMap { kids($0.content) } }

    var copies: [RotationModel.Copy] {
        state.withLock { $0.copies.compactMap { $0[.keys] } }.compactMap { copy in
            kids(copy.content).map { RotationModel.Copy(kids: $0, fetched: copy.fetched) }
        }
    }

    private func kids(_ content: [UInt8]) -> Set<KeyID>? {
        if let known = state.withLock({ $0.parsed[content] }) { return known }
        guard let set = try? JSONWebKeySet(parsing: content) else { return nil }
        let kids = Set(set.keys.map(\.keyID))
        state.withLock { $0.parsed[content] = kids }
        return kids
    }
}

/// A publisher that needs a session, which it gets with a token of a key that the edges serve.
final class SelfPublisher: DiscoveryPublisher {
    private let place: FakePublisher
    private let edges: FakeEdges
    private let clock: ManualClock
    private let isNeeded: Bool
    private let state = Mutex<(key: KeyID?, session: Date)>((nil, .distantPast))

    init(place: FakePublisher, edges: FakeEdges, clock: ManualClock, isNeeded: Bool) {
        self.place = place
        self.edges = edges
        self.clock = clock
        self.isNeeded = isNeeded
    }

    /// The key that signs the publisher's token.
    var key: KeyID? {
        get { state.withLock { $0.key } }
        set { state.withLock { $0.key = newValue } }
    }

    var location: String { place.location }

    func stored(_ document: IssuerDocumentKind) async throws(PublishError) -> StoredDocument? {
        try authorize()
        return try await place.stored(document)
    }

    func put(
        _ document: IssuerDocumentKind, _ content: [UInt8], stamp: DocumentStamp, if condition: PutCondition
    ) async throws(PublishError) -> String {
        try authorize()
        return try await place.put(document, content, stamp: stamp, if: condition)
    }

    private func authorize() throws(PublishError) {
        // The first publication is an administrator's.
        guard isNeeded, place[.keys] != nil, state.withLock({ $0.session }) <= clock.now else { return }
        guard let key, edges.kids(from: 1)?.contains(key) == true else {
            throw PublishError(.denied, "the token is not valid")
        }
        state.withLock { $0.session = clock.now.addingTimeInterval(900) }
    }
}
