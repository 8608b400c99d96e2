import FoundationEssentials

extension Scheduler {
    /// Waits until that time, or until one of the streams has an element, or until cancelled.
    ///
    /// - Parameter time: nil for none.
    func wait(until time: Date?, or changes: [AsyncStream<Void>]) async {
        await wait(time.map { max(0, $0.timeIntervalSince(now())) }, or: changes)
    }

    /// Waits this many seconds, or until one of the streams has an element, or until cancelled.
    ///
    /// - Parameter seconds: nil for no bound.
    func wait(_ seconds: Double?, or changes: [AsyncStream<Void>]) async {
        let seconds = min(seconds ?? Self.longestWait, Self.longestWait)
        guard !changes.isEmpty else {
            try? await sleep(seconds)
            return
        }
        await withTaskGroup { group in
            for stream in changes { group.addTask { for await _ in stream { return } } }
            group.addTask { try? await sleep(seconds) }
            await group.next()
            group.cancelAll()
        }
    }

    /// Seconds.
    private static let longestWait = 86_400.0
}
