package import FoundationEssentials

/// One candidate's view of a Lease, and what it may write into it, as client-go's leader election judges: a record
/// holds for its duration from the moment that *this* candidate saw it change, by its own monotonic clock. The times in
/// the record are never compared with a clock.
package struct LeaseCandidacy: Sendable {
    /// In seconds; each well above the next.
    package struct Timing: Sendable {
        /// Others wait so long after the last change that they saw.
        package var leaseDuration = 15
        /// A leader that has renewed nothing for so long leads no more.
        package var renewDeadline = 10.0
        /// Between two renewals, or two looks.
        package var retryPeriod = 2.0
        /// For one attempt.
        package var attemptTimeout = 4.0

        package init() {}
    }

    package let identity: String
    package let timing: Timing
    private var observed: Lease.Record?
    private var observedAt = 0.0
    /// When the last write that succeeded was sent: before the lease duration from then is over, nobody else held it.
    private var proved: Double?
    /// Since when a Lease that was there is gone, and when that was seen last.
    private var absent: (since: Double, last: Double)?

    package init(identity: String, timing: Timing) {
        self.identity = identity
        self.timing = timing
    }

    /// Who holds the Lease as far as is known; nil for nobody.
    package var holder: String? { observed.flatMap { $0.holder.isEmpty ? nil : $0.holder } }

    /// Takes note of what the Lease says; nil where there is none.
    ///
    /// A Lease that somebody deleted still binds the others: its holder does not know yet, and makes it anew. Whoever
    /// did not look for some time knows nothing of what was there meanwhile.
    ///
    /// - Parameter time: monotonic seconds, taken after the answer came; an answer that is older than the attempt's
    ///   timeout is not to be told.
    package mutating func observe(_ record: Lease.Record?, at time: Double) {
        guard let record else {
            guard observed != nil else { return }
            let since = absent.flatMap { time - $0.last <= 3 * timing.retryPeriod ? $0.since : nil }
            absent = (since ?? time, time)
            return
        }
        absent = nil
        guard record != observed else { return }
        observed = record
        observedAt = time
    }

    /// Takes note of a write of this candidate that succeeded.
    ///
    /// - Parameter sent: monotonic seconds, taken before it was sent.
    package mutating func wrote(_ record: Lease.Record, sent: Double) {
        observe(record, at: sent)
        proved = sent
    }

    /// The record to write; nil while somebody else holds the Lease, or may.
    ///
    /// - Parameters:
    ///   - time: monotonic seconds.
    ///   - now: what the record says, for people.
    package func claim(at time: Double, now: Date) -> Lease.Record? {
        let text = MicroTime.text(now)
        var record = Lease.Record(
            holder: identity, duration: timing.leaseDuration, acquired: text, renewed: text, transitions: 0)
        guard let observed else { return record }
        let isOurs = observed.holder == identity
        if let absent {
            let isStillOurs = isOurs && (proved.map { time < $0 + timing.renewDeadline } ?? false)
            return isStillOurs || time >= absent.since + Double(timing.leaseDuration) ? record : nil
        }
        let end = observedAt + Double(max(0, observed.duration ?? timing.leaseDuration))
        guard isOurs || observed.holder.isEmpty || time >= end else { return nil }
        if isOurs { record.acquired = observed.acquired ?? text }
        record.transitions = isOurs ? observed.transitions : Lease.nextTransition(after: observed.transitions)
        return record
    }

    /// The record that lets the next one take over at once; nil where the Lease is not ours.
    package func release(now: Date) -> Lease.Record? {
        guard let observed, observed.holder == identity else { return nil }
        let text = MicroTime.text(now)
        return Lease.Record(
            holder: "", duration: 1, acquired: text, renewed: text, transitions: observed.transitions)
    }
}
