import Synchronization

/// How the last look at the configuration file went.
final class ReloadReport: Sendable {
    private let state: Mutex<String?>
    private let metrics: ReloadMetrics

    init(problem: String?, metrics: ReloadMetrics) {
        state = Mutex(problem)
        self.metrics = metrics
    }

    /// Why what is in the file is not in force; nil where it is.
    var problem: String? { state.withLock { $0 } }

    func tell(_ result: ReloadMetrics.Result, problem: String?) {
        state.withLock { $0 = problem }
        metrics.count(result)
    }
}
