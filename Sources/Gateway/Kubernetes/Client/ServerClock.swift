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

    private let mayBeCached: Bool
    private let readings = Mutex<[Reading]>([])

    /// The longest call, in seconds, whose answer is exact enough.
    private static let maximumDuration = 10.0
    /// Several API servers answer behind one address, and one of them may have another clock.
    private static let maximumReadings = 5
    private static let maximumCachedReadings = 60

    /// Makes a clock without a reading.
    ///
    /// - Parameter mayBeCached: whether caches answer, too, without saying so in `Age`. `Date` may lie in the past then, so
    ///   the latest of an hour counts; else the median of the last five counts.
    public init(mayBeCached: Bool = false) { self.mayBeCached = mayBeCached }

    /// Seconds for which a reading is used. The monotonic clock carries it on meanwhile.
    public var maximumAge: Double { mayBeCached ? 3_600 : 86_400 }

    /// Takes the fields of an answer.
    ///
    /// - Parameters:
    ///   - age: the `Age` field of an answer from a cache, in seconds (RFC 9111 §5.1).
    ///   - sent: monotonic seconds before the request was sent.
    ///   - received: monotonic seconds after the answer was received.
    public func record(date: String?, age: String? = nil, sent: Double, received: Double) {
        guard let time = date.flatMap(HTTPDate.date), received >= sent, received - sent <= Self.maximumDuration else {
            return
        }
        // The field has whole seconds, and was made at some moment of the call.
        let seconds = 0.5 + (age.flatMap(Int.init).map { Double(max(0, $0)) } ?? 0)
        let new = Reading(time: time.addingTimeInterval(seconds), monotonic: (sent + received) / 2)
        let limit = mayBeCached ? Self.maximumCachedReadings : Self.maximumReadings
        readings.withLock { $0 = Array(($0 + [new]).suffix(limit)) }
    }

    /// Seconds by which this machine's clock is ahead of the server's, negative if it is behind; nil if that is not
    /// known.
    ///
    /// - Parameters:
    ///   - now: of this machine's clock.
    ///   - monotonic: seconds of the same moment.
    public func ahead(_ now: Date, monotonic: Double) -> Double? {
        let differences = readings.withLock { $0 }
            .filter { monotonic - $0.monotonic <= maximumAge }
            .map { now.timeIntervalSince($0.time.addingTimeInterval(monotonic - $0.monotonic)) }
            .sorted()
        guard !differences.isEmpty else { return nil }
        return mayBeCached ? differences[0] : differences[differences.count / 2]
    }
}
