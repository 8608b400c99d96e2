import CoreMetrics
import Synchronization

/// A backend of swift-metrics for counters with a label `result`, whose counts a test can await.
final class AwaitedCounts: MetricsFactory {
    private struct State {
        var counts: [String: Int] = [:]
        var waiters: [(result: String, count: Int, continuation: AsyncStream<Never>.Continuation)] = []
    }

    private final class Handler: CounterHandler {
        let result: String
        let owner: AwaitedCounts

        init(_ result: String, _ owner: AwaitedCounts) {
            self.result = result
            self.owner = owner
        }

        func increment(by amount: Int64) { owner.add(Int(amount), to: result) }
        func reset() {}
    }

    private let state = Mutex(State())

    subscript(result: String) -> Int { state.withLock { $0.counts[result, default: 0] } }

    /// Returns when the count is reached, or when cancelled.
    func wait(for count: Int, _ result: String) async {
        let (stream, continuation) = AsyncStream.makeStream(of: Never.self)
        state.withLock { state in
            if state.counts[result, default: 0] >= count {
                continuation.finish()
            } else {
                state.waiters.append((result, count, continuation))
            }
        }
        for await _ in stream {}
    }

    private func add(_ amount: Int, to result: String) {
        state.withLock { state in
            let count = state.counts[result, default: 0] + amount
            state.counts[result] = count
            for waiter in state.waiters where waiter.result == result && waiter.count <= count {
                waiter.continuation.finish()
            }
        }
    }

    func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        Handler(dimensions.first { $0.0 == "result" }?.1 ?? "", self)
    }

    func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler { NOOPMetricsHandler.instance }

    func makeRecorder(
        label: String, dimensions: [(String, String)], aggregate: Bool
    ) -> any RecorderHandler { NOOPMetricsHandler.instance }

    func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler { NOOPMetricsHandler.instance }
    func destroyCounter(_ handler: any CounterHandler) {}
    func destroyMeter(_ handler: any MeterHandler) {}
    func destroyRecorder(_ handler: any RecorderHandler) {}
    func destroyTimer(_ handler: any TimerHandler) {}
}
