import GatewayCore

/// The failures of steps that are repeated: a failed step is repeated with backoff, and logged when the failure begins or
/// its reason changes.
struct RetryCourse<Failure: Error & CustomStringConvertible>: Sendable {
    /// Seconds from a failure to the next step.
    typealias Delay = @Sendable (Failure, _ failures: Int) -> Double

    private var log: FailureLog
    private let delay: Delay
    /// In succession.
    private var failures = 0

    /// - Parameter delay: nil for ``Backoff/calls``.
    init(scheduler: Scheduler, log: FailureLog, delay: Delay? = nil) {
        self.log = log
        self.delay = delay ?? { _, failures in scheduler.backoff(failures: failures, retryAfter: nil) }
    }

    /// Returns when the next step follows: what the step has returned, or after the backoff. A failure that the
    /// cancellation of the task has caused is neither counted nor logged.
    ///
    /// - Parameter report: called with each failure that is logged, and with nil at its end.
    mutating func next(after step: Result<StepTime, Failure>, report: (Failure?) -> Void) -> StepTime {
        switch step {
        case .success(let time):
            failures = 0
            if log.succeed() { report(nil) }
            return time
        case .failure(let failure):
            if Task.isCancelled { return .never }
            failures += 1
            if log.fail("\(failure)", code: ErrorCode.of(failure)) { report(failure) }
            return .after(delay(failure, failures))
        }
    }
}
