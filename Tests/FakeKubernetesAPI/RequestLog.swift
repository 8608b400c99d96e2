import Synchronization

/// A request to the server.
package struct LoggedRequest: Sendable, Equatable {
    package let method: String
    /// The path without the query.
    package let path: String
    package let query: String
    /// The body as text.
    package let body: String
}

/// The requests so far, and tasks that wait for one.
final class RequestLog: Sendable {
    private struct Waiter {
        let path: String
        let count: Int
        let continuation: AsyncStream<Never>.Continuation
    }

    private struct State {
        var requests: [LoggedRequest] = []
        var counts: [String: Int] = [:]
        var waiters: [Waiter] = []
    }

    private let state = Mutex(State())

    func record(_ request: LoggedRequest) {
        state.withLock { state in
            state.requests.append(request)
            let count = state.counts[request.path, default: 0] + 1
            state.counts[request.path] = count
            for waiter in state.waiters where waiter.path == request.path && waiter.count <= count {
                waiter.continuation.finish()
            }
        }
    }

    var requests: [LoggedRequest] { state.withLock { $0.requests } }

    func count(path: String) -> Int { state.withLock { $0.counts[path, default: 0] } }

    /// Returns when this many requests to the path have arrived, or when cancelled.
    func wait(path: String, count: Int) async {
        let (stream, continuation) = AsyncStream.makeStream(of: Never.self)
        state.withLock { state in
            if state.counts[path, default: 0] >= count {
                continuation.finish()
            } else {
                state.waiters.append(Waiter(path: path, count: count, continuation: continuation))
            }
        }
        for await _ in stream {}
    }
}
