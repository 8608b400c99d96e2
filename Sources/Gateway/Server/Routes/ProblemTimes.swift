import FoundationEssentials
import Synchronization

/// When each check of readiness began to fail, as far as this replica has looked: the kubelet asks every few seconds.
final class ProblemTimes: Sendable {
    private let clock: @Sendable () -> Date
    private let times = Mutex<[String: Date]>([:])

    init(clock: @escaping @Sendable () -> Date) { self.clock = clock }

    /// Notes the result of a check.
    ///
    /// - Returns: since when it fails; nil where it passes.
    @discardableResult
    func note(_ check: String, isFailing: Bool) -> Date? {
        let now = clock()
        return times.withLock { times in
            guard isFailing else {
                times[check] = nil
                return nil
            }
            let since = times[check] ?? now
            times[check] = since
            return since
        }
    }
}
