public import FoundationEssentials
import Synchronization

/// A clock that changes only when a test advances it.
public final class ManualClock: Sendable {
    private let time: Mutex<Date>

    /// Creates a clock that shows `now`.
    public init(now: Date) { time = Mutex(now) }

    /// The time that the clock shows.
    public var now: Date { time.withLock { $0 } }

    /// Advances the clock by that many seconds.
    public func advance(by seconds: TimeInterval) {
        time.withLock { $0 = $0.addingTimeInterval(seconds) }
    }
}
