public import FoundationEssentials
import KubernetesAPI
import Synchronization

/// The clock of a server, by the `Date` fields of its answers (RFC 9110 §6.6.1). It compares this machine's clock with it.
public final class ServerClock: Sendable {
    private struct Reading {
        /// The server's time, and the monotonic seconds of the same moment.
        let time: Date
        let monotonic: Double
    }

    private let reading = Mutex<Reading?>(nil)

    /// Seconds for which a reading is used. The monotonic clock carries it on meanwhile.
    public static let maximumAge = 86_400.0
    /// The longest call, in seconds, whose answer is exact enough.
    private static let maximumDuration = 10.0

    /// Makes a clock without a reading.
    public init() {}

    /// Takes the fields of an answer.
    ///
    /// - Parameters:
    ///   - age: the `Age` field of an answer from a cache, in seconds (RFC 9111 §5.1).
    ///   - sent: monotonic seconds before the request was sent.
    ///   - received: monotonic seconds after the answer was received.
    ///   - mayBeStale: whether a cache may have answered without `Age`: such an answer never moves the clock back.
    public func record(date: String?, age: String? = nil, sent: Double, received: Double, mayBeStale: Bool = false) {
        guard let time = date.flatMap(HTTPDate.date), received >= sent, received - sent <= Self.maximumDuration else {
            return
        }
        // The field has whole seconds, and was made at some moment of the call.
        let seconds = 0.5 + (age.flatMap(Double.init).map { max(0, $0) } ?? 0)
        let new = Reading(time: time.addingTimeInterval(seconds), monotonic: (sent + received) / 2)
        reading.withLock { reading in
            if mayBeStale, let old = reading, new.monotonic - old.monotonic < Self.maximumAge,
                old.time.addingTimeInterval(new.monotonic - old.monotonic) > new.time.addingTimeInterval(5)
            {
                return
            }
            reading = new
        }
    }

    /// Seconds by which this machine's clock is ahead of the server's, negative if it is behind; nil if that is not
    /// known.
    ///
    /// - Parameters:
    ///   - now: of this machine's clock.
    ///   - monotonic: seconds of the same moment.
    public func ahead(_ now: Date, monotonic: Double) -> Double? {
        guard let reading = reading.withLock({ $0 }), monotonic - reading.monotonic <= Self.maximumAge else {
            return nil
        }
        return now.timeIntervalSince(reading.time.addingTimeInterval(monotonic - reading.monotonic))
    }
}
