import Synchronization

/// Bounds the bytes of all request bodies that are in flight, those of unfinished requests among them.
///
/// Where a body has no room, unfinished ones are given up: large ones first, then the oldest of those that have been
/// arriving for more than ``patience``. So peers that send a part of a body and no more cannot keep others out.
final class BodyBudget: Sendable {
    typealias ID = UInt64

    /// Of a process: 32 MiB.
    static let standardBytes = 32 << 20
    /// Seconds for which a small body is left alone.
    static let patience = 1.0
    /// Bodies of more bytes are large.
    static let smallBytes = 256 << 10

    /// A body that has not arrived completely.
    private struct Unfinished {
        var bytes = 0
        let since: Double
        /// Called from any thread, when its bytes are given back already.
        let giveUp: @Sendable () -> Void
    }

    private struct State {
        var used = 0
        var lastID: ID = 0
        var unfinished: [ID: Unfinished] = [:]
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
            state.unfinished[state.lastID] = Unfinished(since: now, giveUp: giveUp)
            return state.lastID
        }
    }

    /// Takes bytes for a body that arrives.
    ///
    /// - Returns: false, and nothing is taken, where there is not so much left, or the body was given up.
    func take(_ bytes: Int, for id: ID) -> Bool {
        let now = monotonic()
        var givenUp: [Unfinished] = []
        defer { for body in givenUp { body.giveUp() } }
        while true {
            let isTaken = state.withLock { state in
                guard state.unfinished[id] != nil, state.used + bytes <= limit else { return false }
                state.used += bytes
                state.unfinished[id]?.bytes += bytes
                return true
            }
            if isTaken {
                if parent?.takeShared(bytes) ?? true { return true }
                state.withLock { state in
                    state.used -= bytes
                    state.unfinished[id]?.bytes -= bytes
                }
            }
            guard let body = next(for: id, taking: bytes, at: now) else { return false }
            givenUp.append(body)
        }
    }

    /// Removes an unfinished body that makes room for another one; nil where none can.
    private func next(for id: ID, taking bytes: Int, at now: Double) -> Unfinished? {
        let found = state.withLock { state -> Unfinished? in
            guard let own = state.unfinished[id] else { return nil }
            let isSmall = own.bytes + bytes <= Self.smallBytes
            let others = state.unfinished.filter { other in
                guard other.key != id, other.value.bytes > 0 else { return false }
                let isNew = now - other.value.since < Self.patience
                // A large body makes no room for itself at the cost of one that has just begun.
                return other.value.bytes > Self.smallBytes ? isSmall || !isNew : !isNew
            }
            let first = others.min { one, two in
                let (isOneLarge, isTwoLarge) = (one.value.bytes > Self.smallBytes, two.value.bytes > Self.smallBytes)
                return isOneLarge == isTwoLarge ? one.value.since < two.value.since : isOneLarge
            }
            guard let first else { return nil }
            state.unfinished[first.key] = nil
            state.used -= first.value.bytes
            return first.value
        }
        if let found { parent?.giveShared(back: found.bytes) }
        return found
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
