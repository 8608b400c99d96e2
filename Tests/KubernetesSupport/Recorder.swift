import Synchronization

/// Recorded elements in order, which a test can await.
package final class Recorder<Element: Sendable>: Sendable {
    private struct State {
        var elements: [Element] = []
        var waiter: AsyncStream<Never>.Continuation?
    }

    private let state = Mutex(State())

    package init() {}

    package func add(_ element: Element) {
        let waiter = state.withLock { state in
            state.elements.append(element)
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.finish()
    }

    /// Returns the next elements up to and including the first match; those so far when cancelled.
    package func upTo(_ matches: (Element) -> Bool) async -> [Element] {
        var found: [Element] = []
        while !Task.isCancelled {
            let (stream, continuation) = AsyncStream.makeStream(of: Never.self)
            let next = state.withLock { state -> Element? in
                guard state.elements.isEmpty else { return state.elements.removeFirst() }
                state.waiter = continuation
                return nil
            }
            guard let next else {
                for await _ in stream {}
                continue
            }
            found.append(next)
            if matches(next) { break }
        }
        return found
    }
}
