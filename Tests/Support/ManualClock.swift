public import FoundationEssentials
import Synchronization

/// A clock that moves only when a test says so.
public final class ManualClock: Sendable {
    private let time: Mutex<Date>

    public init(now: Date) { time = Mutex(now) }

    public var now: Date { time.withLock { $0 } }

    public func advance(by seconds: TimeInterval) {
        time.withLock { $0 = $0.addingTimeInterval(seconds) }
    }
}
