import Synchronization

/// The result of the last reload of the configuration file.
final class ReloadReport: Sendable {
    private let state: Mutex<String?>
    private let metrics: ReloadMetrics

    init(problem: String?, metrics: ReloadMetrics) {
        state = Mutex(problem)
        self.metrics = metrics
    }

    /// Why the configuration file is not in force; nil where it is.
    var problem: String? { state.withLock { $0 } }

    func record(_ result: ReloadMetrics.Result, problem: String?) {
        state.withLock { $0 = problem }
        metrics.count(result)
    }
}
