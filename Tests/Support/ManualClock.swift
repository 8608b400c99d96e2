package import FoundationEssentials
import Synchronization

/// A clock that moves only when a test says so.
package final class ManualClock: Sendable {
    private let time: Mutex<Date>

    package init(now: Date) { time = Mutex(now) }

    package var now: Date { time.withLock { $0 } }

    package func advance(by seconds: TimeInterval) {
        time.withLock { $0 = $0.addingTimeInterval(seconds) }
    }
}
