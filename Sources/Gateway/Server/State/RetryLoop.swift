import FoundationEssentials
import GatewayCore
import Kubernetes
import Logging

/// Repeats a step until the task is cancelled: immediately, at a time, or when something changes. A failed step is
/// repeated with backoff, and logged when the failure begins or its reason changes.
struct RetryLoop<Failure: Error & CustomStringConvertible>: Sendable {
    /// When the next step follows.
    enum Next: Sendable {
        case atOnce
        /// After this many seconds, or on a change.
        case after(Double)
        /// At that time, or on a change; nil for a change only.
        case at(Date?)
        /// Never: the loop ends.
        case never
    }

    let scheduler: Scheduler
    let log: FailureLog
    /// Seconds from a failure to the next step.
    let delay: @Sendable (Failure, _ failures: Int) -> Double

    /// - Parameter delay: nil for ``Backoff/calls``.
    init(scheduler: Scheduler, log: FailureLog, delay: (@Sendable (Failure, _ failures: Int) -> Double)? = nil) {
        self.scheduler = scheduler
        self.log = log
        self.delay = delay ?? { _, failures in scheduler.backoff(failures: failures, retryAfter: nil) }
    }

    /// - Parameters:
    ///   - changes: an element of any of them begins the next step.
    ///   - report: called with each failure that is logged, and with nil at its end.
    func run(
        changes: () -> [AsyncStream<Void>] = { [] }, report: (Failure?) -> Void = { _ in },
        _ step: () async throws(Failure) -> Next
    ) async {
        var failures = 0
        var log = log
        while !Task.isCancelled {
            // Before the step, so that no change is missed.
            let changes = changes()
            var pause: Double?
            do throws(Failure) {
                let next = try await step()
                failures = 0
                if log.succeed() { report(nil) }
                switch next {
                case .atOnce: continue
                case .after(let seconds): pause = seconds
                case .at(let time): pause = time.map { max(0, $0.timeIntervalSince(scheduler.now())) }
                case .never: return
                }
            } catch {
                if Task.isCancelled { return }
                failures += 1
                if log.fail("\(error)", code: ErrorCode.of(error)) { report(error) }
                pause = delay(error, failures)
            }
            await scheduler.wait(pause, or: changes)
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
