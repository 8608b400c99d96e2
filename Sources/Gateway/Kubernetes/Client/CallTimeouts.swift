import AsyncHTTPClient
import Synchronization

/// Ends calls that take too long. One task waits for the earliest end of all, so that a call needs no task and no timer of
/// its own.
final class CallTimeouts: Sendable {
    private struct Call {
        /// Monotonic seconds.
        let end: Double
        let expire: @Sendable () -> Void
    }

    private struct State {
        var calls: [UInt64: Call] = [:]
        var lastID: UInt64 = 0
        /// The task that waits, and until when.
        var waiting: (end: Double, task: Task<Void, Never>)?
    }

    private let scheduler: KubernetesScheduler
    private let state = Mutex(State())

    init(scheduler: KubernetesScheduler) { self.scheduler = scheduler }

    /// The response to a call.
    ///
    /// - Parameter end: in monotonic seconds of the scheduler.
    /// - Throws: ``KubernetesRequestError/timeout`` at the end, or the client's errors.
    func response<Response: Sendable>(to call: HTTPClient.Task<Response>, until end: Double) async throws -> Response {
        let id = state.withLock { state in
            state.lastID += 1
            state.calls[state.lastID] = Call(end: end) { call.fail(reason: KubernetesRequestError.timeout) }
            if state.waiting.map({ end < $0.end }) ?? true { wait(until: end, &state) }
            return state.lastID
        }
        defer { _ = state.withLock { $0.calls.removeValue(forKey: id) } }
        return try await call.response
    }

    private func wait(until end: Double, _ state: inout State) {
        state.waiting?.task.cancel()
        state.waiting = (end, Task { await self.expireCalls(at: end) })
    }

    private func expireCalls(at end: Double) async {
        guard (try? await scheduler.sleep(max(0, end - scheduler.monotonic()))) != nil else { return }
        let expired = state.withLock { state -> [Call] in
            // Another task waits for an earlier end, and then for this one.
            guard !Task.isCancelled else { return [] }
            state.waiting = nil
            let now = max(end, scheduler.monotonic())
            if let next = state.calls.values.lazy.map(\.end).filter({ $0 > now }).min() { wait(until: next, &state) }
            return state.calls.values.filter { $0.end <= now }
        }
        for call in expired { call.expire() }
    }
}
