import FoundationEssentials
import GatewayCore
import Kubernetes
import Logging

/// Repeats a step until the task is cancelled: immediately, at a time, or when something changes. A failed step is
/// repeated with backoff, and logged when the failure begins or its reason changes.
struct RetryLoop<Failure: Error & CustomStringConvertible>: Sendable {
    let scheduler: Scheduler
    private let course: RetryCourse<Failure>

    /// - Parameter delay: nil for ``Backoff/calls``.
    init(scheduler: Scheduler, log: FailureLog, delay: RetryCourse<Failure>.Delay? = nil) {
        self.scheduler = scheduler
        course = RetryCourse(scheduler: scheduler, log: log, delay: delay)
    }

    /// - Parameters:
    ///   - changes: an element of any of them begins the next step.
    ///   - report: called with each failure that is logged, and with nil at its end.
    func run(
        changes: () -> [AsyncStream<Void>] = { [] }, report: (Failure?) -> Void = { _ in },
        _ step: () async throws(Failure) -> StepTime
    ) async {
        var course = course
        while !Task.isCancelled {
            // Before the step, so that no change is missed.
            let changes = changes()
            let result: Result<StepTime, Failure>
            do throws(Failure) { result = .success(try await step()) } catch { result = .failure(error) }
            switch course.next(after: result, report: report) {
            case .atOnce: continue
            case .after(let seconds): await scheduler.wait(seconds, or: changes)
            case .at(let time): await scheduler.wait(until: time, or: changes)
            case .never: return
            }
        }
    }
}

extension RetryLoop where Failure == KubernetesAPIError {
    /// With ``Backoff/calls``, and not before the API server's `Retry-After`.
    init(scheduler: Scheduler, log: FailureLog) {
        self.init(scheduler: scheduler, log: log) { failure, failures in
            scheduler.backoff(failures: failures, retryAfter: failure.retryAfter)
        }
    }
}
