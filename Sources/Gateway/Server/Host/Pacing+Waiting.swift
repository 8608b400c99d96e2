import FoundationEssentials

extension Pacing {
    /// Until that time, or until one of the streams has an element, or until cancelled.
    ///
    /// - Parameter time: nil for none.
    func wait(until time: Date?, or changes: [AsyncStream<Void>]) async {
        let seconds = time.map { min(Self.longestWait, max(0, $0.timeIntervalSince(now()))) } ?? Self.longestWait
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
