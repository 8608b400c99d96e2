import Synchronization

/// Bounds the bytes of all request bodies that are in flight, those of unfinished requests among them.
final class BodyBudget: Sendable {
    /// Of a process: 32 MiB.
    static let standardBytes = 32 << 20

    private let limit: Int
    private let used = Mutex(0)
    private let parent: BodyBudget?

    /// - Parameter bytes: in all.
    init(bytes: Int = standardBytes) {
        limit = bytes
        parent = nil
    }

    private init(bytes: Int, of parent: BodyBudget) {
        limit = bytes
        self.parent = parent
    }

    /// Of one listener: three quarters, so that no listener can use up what the others need.
    func share() -> BodyBudget { BodyBudget(bytes: limit / 4 * 3, of: self) }

    var usedBytes: Int { used.withLock { $0 } }

    /// - Returns: false, and nothing is taken, where less than that is left.
    func take(_ bytes: Int) -> Bool {
        let isTaken = used.withLock { used in
            guard used + bytes <= limit else { return false }
            used += bytes
            return true
        }
        guard isTaken, let parent else { return isTaken }
        if parent.take(bytes) { return true }
        used.withLock { $0 -= bytes }
        return false
    }

    func give(back bytes: Int) {
        used.withLock { $0 -= bytes }
        parent?.give(back: bytes)
    }
}
