import Synchronization

/// Bounds the bytes of all request bodies that are in flight, those of unfinished requests among them, and what an
/// unfinished HTTP/2 stream takes by itself.
///
/// Where a body has no room, unfinished ones are given up: large ones first, and then those that began first. So peers
/// that send a part of a body and no more cannot keep others out, however many come: a body that arrives at once is
/// complete before its turn. A large body makes room for itself only at the cost of those that have had ``patience``.
final class BodyBudget: Sendable {
    typealias ID = UInt64

    /// Of a process: 32 MiB.
    static let standardBytes = 32 << 20
    /// Seconds for which other bodies are left alone by a large one.
    static let patience = 1.0
    /// Bodies of more bytes are large.
    static let smallBytes = 256 << 10

    private struct State {
        var used = 0
        var lastID: ID = 0
        var unfinished: [ID: UnfinishedBody] = [:]
        /// All of them, and those that have become large.
        var begun = ArrivalOrder()
        var large = ArrivalOrder()

        /// Takes bytes for an unfinished body; negative ones give them back.
        mutating func take(_ bytes: Int, for id: ID) {
            guard let before = unfinished[id] else { return }
            used += bytes
            unfinished[id]?.bytes += bytes
            if !before.isLarge, before.bytes + bytes > BodyBudget.smallBytes { large.append(id, of: unfinished) }
        }

        /// Removes an unfinished body that makes room for another one; nil where none can.
        mutating func giveUp(for id: ID, taking bytes: Int, at now: Double) -> UnfinishedBody? {
            guard let own = unfinished[id] else { return nil }
            let isSmall = own.bytes + bytes <= BodyBudget.smallBytes
            let candidates = [large.first(of: unfinished, except: id), begun.first(of: unfinished, except: id)]
            for case let candidate? in candidates {
                guard let body = unfinished[candidate], isSmall || now - body.since >= BodyBudget.patience else {
                    continue
                }
                unfinished[candidate] = nil
                used -= body.bytes
                return body
            }
            return nil
        }
    }

    private let limit: Int
    private let state = Mutex(State())
    private let parent: BodyBudget?
    /// Seconds.
    private let monotonic: @Sendable () -> Double

    /// - Parameter bytes: in all.
    init(bytes: Int = standardBytes, monotonic: @escaping @Sendable () -> Double) {
        limit = bytes
        parent = nil
        self.monotonic = monotonic
    }

    private init(bytes: Int, of parent: BodyBudget) {
        limit = bytes
        self.parent = parent
        monotonic = parent.monotonic
    }

    /// Of one listener: three quarters, so that no listener can use up what the others need.
    func share() -> BodyBudget { BodyBudget(bytes: limit / 4 * 3, of: self) }

    var usedBytes: Int { state.withLock { $0.used } }

    /// A body begins to arrive.
    ///
    /// - Parameter giveUp: called where its bytes are needed for others. They are given back then, and no more are taken.
    func begin(_ giveUp: @escaping @Sendable () -> Void) -> ID {
        let now = monotonic()
        return state.withLock { state in
            state.lastID += 1
            state.unfinished[state.lastID] = UnfinishedBody(since: now, giveUp: giveUp)
            state.begun.append(state.lastID, of: state.unfinished)
            return state.lastID
        }
    }

    /// Takes bytes for a body that arrives.
    ///
    /// - Returns: false, and nothing is taken, where there is not so much left, or the body was given up.
    func take(_ bytes: Int, for id: ID) -> Bool {
        var givenUp: [UnfinishedBody] = []
        defer { for body in givenUp { body.giveUp() } }
        while true {
            let isTaken = state.withLock { state in
                guard state.unfinished[id] != nil, state.used + bytes <= limit else { return false }
                state.take(bytes, for: id)
                return true
            }
            if isTaken {
                if parent?.takeShared(bytes) ?? true { return true }
                state.withLock { $0.take(-bytes, for: id) }
            }
            let now = monotonic()
            guard let body = state.withLock({ $0.giveUp(for: id, taking: bytes, at: now) }) else { return false }
            parent?.giveShared(back: body.bytes)
            givenUp.append(body)
        }
    }

    /// The body has arrived completely. It is not given up any more, and counts until its bytes are given back.
    ///
    /// - Returns: the bytes to give back; nil where it was given up before.
    func complete(_ id: ID) -> Int? { state.withLock { $0.unfinished.removeValue(forKey: id)?.bytes } }

    /// Gives bytes of a complete body back.
    func give(back bytes: Int) {
        state.withLock { $0.used -= bytes }
        parent?.giveShared(back: bytes)
    }

    private func takeShared(_ bytes: Int) -> Bool {
        state.withLock { state in
            guard state.used + bytes <= limit else { return false }
            state.used += bytes
            return true
        }
    }

    private func giveShared(back bytes: Int) { state.withLock { $0.used -= bytes } }
}

/// A body that has not arrived completely.
private struct UnfinishedBody {
    var bytes = 0
    /// Seconds of the budget's clock.
    let since: Double
    /// Called from any thread, when its bytes are given back already.
    let giveUp: @Sendable () -> Void

    var isLarge: Bool { bytes > BodyBudget.smallBytes }
}

/// Unfinished bodies, the first one first. Those that have ended stay in it until it is read or has become long, so that
/// each operation takes constant time on average.
private struct ArrivalOrder {
    private var ids: [BodyBudget.ID] = []
    /// Those before it have ended.
    private var start = 0

    mutating func append(_ id: BodyBudget.ID, of unfinished: [BodyBudget.ID: UnfinishedBody]) {
        if ids.count > 2 * unfinished.count + 64 {
            ids = ids[start...].filter { unfinished[$0] != nil }
            start = 0
        }
        ids.append(id)
    }

    /// The first one that has taken bytes.
    mutating func first(
        of unfinished: [BodyBudget.ID: UnfinishedBody], except id: BodyBudget.ID
    ) -> BodyBudget.ID? {
        while start < ids.count, unfinished[ids[start]] == nil { start += 1 }
        return ids[start...].first { $0 != id && (unfinished[$0]?.bytes ?? 0) > 0 }
    }
}
