import GatewayCore
import Synchronization

/// How often each outcome happened in the last hour, in memory. Each call costs one lock.
final class OutcomeHistory<Outcome: CaseIterable & RawRepresentable<String> & Hashable & Sendable>: Sendable {
    private let counts: Mutex<OutcomeCounts<Outcome>>
    private let columns: [Outcome: Int]
    private let monotonic: @Sendable () -> Double

    /// - Parameter monotonic: seconds of a clock that is never set.
    init(monotonic: @escaping @Sendable () -> Double) {
        self.monotonic = monotonic
        counts = Mutex(OutcomeCounts(at: Int(monotonic() / 60)))
        columns = Dictionary(
            uniqueKeysWithValues: Outcome.allCases.enumerated().map { ($0.element, $0.offset) })
    }

    /// The minute for ``record(_:at:)``.
    var minute: Int { Int(monotonic() / 60) }

    func record(_ outcome: Outcome) { record(outcome, at: minute) }

    /// - Parameter minute: of now; for several histories it is read once.
    func record(_ outcome: Outcome, at minute: Int) {
        guard let column = columns[outcome] else { return }
        counts.withLock { $0.count(column: column, at: minute) }
    }

    var series: [OutcomeSeries] {
        let minute = minute
        return counts.withLock { $0.series(at: minute) }
    }
}

/// The decisions on token calls in the last hour, of each endpoint and in all. It outlives a reload.
final class CallHistory: Sendable {
    typealias Decisions = OutcomeHistory<AuditRecord.Decision>

    private let total: Decisions
    private let endpoints = Mutex<[String: Decisions]>([:])
    private let monotonic: @Sendable () -> Double

    init(monotonic: @escaping @Sendable () -> Double) {
        self.monotonic = monotonic
        total = Decisions(monotonic: monotonic)
    }

    /// Keeps the history of these endpoints only.
    func keep(_ names: [String]) {
        endpoints.withLock { endpoints in
            endpoints = Dictionary(
                names.map { ($0, endpoints[$0] ?? Decisions(monotonic: monotonic)) }, uniquingKeysWith: { $1 })
        }
    }

    func record(_ decision: AuditRecord.Decision, of endpoint: String) {
        let minute = total.minute
        total.record(decision, at: minute)
        endpoints.withLock { $0[endpoint] }?.record(decision, at: minute)
    }

    /// Of all endpoints.
    var series: [OutcomeSeries] { total.series }

    /// Of one endpoint.
    func series(of endpoint: String) -> [OutcomeSeries] { endpoints.withLock { $0[endpoint] }?.series ?? [] }
}
