import Synchronization

/// What goes wrong with a request on demand.
package enum Fault: Sendable {
    /// A Status of that code; the seconds of `Retry-After` where given.
    case status(Int, retryAfter: Int? = nil)
    /// No answer until ``FakeKubernetesAPI/releaseHanging()``, then the right one.
    case hang
    /// The right answer: what is planned after it is for the requests that follow.
    case noFault
    /// The right answer's head and so many bytes of its body, then the connection ends.
    case cut(afterBytes: Int)
    /// 201 with a JSON object of so many bytes.
    case oversized(bytes: Int)
    /// A reply of any content.
    case reply(Int, contentType: String = "application/json", body: String)

    /// What a proxy in between might say.
    package static let notJSON = Fault.reply(200, contentType: "text/html", body: "<html><body>hello</body></html>")
}

/// The faults that are still to come, and the requests that hang.
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

    /// Takes the next fault that is planned for a request to that path.
    func next(path: String) -> Fault? {
        state.withLock { state in
            guard let index = state.planned.firstIndex(where: { $0.path == nil || $0.path == path }) else { return nil }
            state.planned[index].remaining -= 1
            let fault = state.planned[index].fault
            if state.planned[index].remaining <= 0 { state.planned.remove(at: index) }
            return fault
        }
    }

    /// Returns once so many requests hang, or when cancelled.
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

    /// Returns when released or cancelled.
    func hang() async {
        let (stream, continuation) = AsyncStream.makeStream(of: Never.self)
        state.withLock { state in
            state.hanging.append(continuation)
            for waiter in state.waiters where waiter.count <= state.hanging.count { waiter.continuation.finish() }
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
