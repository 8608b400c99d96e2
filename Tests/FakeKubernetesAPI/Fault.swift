import Synchronization

/// A planned fault of a request.
package enum Fault: Sendable {
    /// A Status of that code, with `Retry-After` in seconds where set.
    case status(Int, retryAfter: Int? = nil)
    /// No response until ``FakeKubernetesAPI/releaseHanging()``, then the correct one.
    case hang
    /// The correct response; later faults are for later requests.
    case noFault
    /// The head of the correct response and this many bytes of its body, then the connection is closed.
    case cut(afterBytes: Int)
    /// 201 with a JSON object of this many bytes.
    case oversized(bytes: Int)
    /// A response with any content.
    case reply(Int, contentType: String = "application/json", body: String)

    /// The response of a proxy.
    package static let notJSON = Fault.reply(200, contentType: "text/html", body: "<html><body>hello</body></html>")
}

/// The planned faults and the hanging requests.
final class FaultPlan: Sendable {
    private struct Planned {
        var remaining: Int
        let path: String?
        let fault: Fault
    }

    private struct State {
        var planned: [Planned] = []
        var hanging: [AsyncStream<Never>.Continuation] = []
        var waiters: [(count: Int, continuation: AsyncStream<Never>.Continuation)] = []
    }

    private let state = Mutex(State())

    func add(_ fault: Fault, count: Int, path: String?) {
        state.withLock { $0.planned.append(Planned(remaining: count, path: path, fault: fault)) }
    }

    func removeAll() { state.withLock { $0.planned = [] } }

    /// A planned fault that a request has taken.
    struct Taken: Sendable {
        let fault: Fault
        /// For ``Fault/hang``: ends at the next release.
        fileprivate let release: AsyncStream<Never>

        /// Returns when released or cancelled.
        func hang() async { for await _ in release {} }
    }

    /// Removes and returns the next fault for a request to that path. A request that hangs counts from here on, so that
    /// no release misses it.
    func next(path: String) -> Taken? {
        let (stream, continuation) = AsyncStream.makeStream(of: Never.self)
        return state.withLock { state in
            guard let index = state.planned.firstIndex(where: { $0.path == nil || $0.path == path }) else { return nil }
            state.planned[index].remaining -= 1
            let fault = state.planned[index].fault
            if state.planned[index].remaining <= 0 { state.planned.remove(at: index) }
            if case .hang = fault {
                state.hanging.append(continuation)
                for waiter in state.waiters where waiter.count <= state.hanging.count { waiter.continuation.finish() }
            }
            return Taken(fault: fault, release: stream)
        }
    }

    /// Returns when this many requests hang, or when cancelled.
    func waitForHanging(_ count: Int) async {
        let (stream, continuation) = AsyncStream.makeStream(of: Never.self)
        state.withLock { state in
            if state.hanging.count >= count {
                continuation.finish()
            } else {
                state.waiters.append((count, continuation))
            }
        }
        for await _ in stream {}
    }

    func release() {
        let hanging = state.withLock { state in
            defer { state.hanging = [] }
            return state.hanging
        }
        for continuation in hanging { continuation.finish() }
    }
}
