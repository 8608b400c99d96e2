import Synchronization

/// What somebody told, in order, for a test to await.
package final class Told<Element: Sendable>: Sendable {
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

    /// The next elements up to and with the first that matches; those so far where cancelled.
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
