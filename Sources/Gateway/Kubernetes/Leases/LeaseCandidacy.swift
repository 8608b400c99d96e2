public import FoundationEssentials
public import KubernetesAPI

/// One candidate's view of a Lease, and what it may write, with the rules of client-go's leader election: a record is
/// valid for its duration from the moment at which *this* candidate observed the change, by its own monotonic clock.
/// The times in the record are never compared with a clock.
public struct LeaseCandidacy: Sendable {
    /// Times in seconds. ``leaseDuration`` must be greater than ``renewDeadline``, and that than ``retryPeriod``.
    public struct Timing: Sendable {
        /// Other candidates wait for this time after the last change that they observed.
        public var leaseDuration = 15
        /// A leader that has not renewed the Lease for this time no longer leads.
        public var renewDeadline = 10.0
        /// Between two renewals of the leader, and between two reads of a candidate.
        public var retryPeriod = 2.0
        /// The maximum time of one attempt.
        public var attemptTimeout = 4.0

        /// Creates the default times.
        public init() {}
    }

    /// Identifies this candidate among all.
    public let identity: String
    /// The times.
    public let timing: Timing
    private var observed: Lease.Record?
    private var observedAt = 0.0
    /// When the last successful write was sent. No other candidate holds the Lease within the lease duration after
    /// that.
    private var proved: Double?
    /// Since when a Lease that existed is missing, and when that was observed last.
    private var absent: (since: Double, last: Double)?

    /// Creates a candidate that has not read the Lease yet.
    public init(identity: String, timing: Timing) {
        self.identity = identity
        self.timing = timing
    }

    /// The last observed holder; nil if the Lease has no holder.
    public var holder: String? { observed.flatMap { $0.holder.isEmpty ? nil : $0.holder } }

    /// Records the state of the Lease.
    ///
    /// Other candidates must not take a deleted Lease immediately: its holder does not know of the deletion yet, and
    /// recreates it. A candidate that has not read the Lease for some time does not know what happened in the meantime.
    ///
    /// - Parameters:
    ///   - record: nil if the Lease does not exist.
    ///   - time: monotonic seconds after the response was received. Responses older than the timeout of an attempt must
    ///     not be recorded.
    public mutating func observe(_ record: Lease.Record?, at time: Double) {
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

    /// Records a successful write of this candidate.
    ///
    /// - Parameter sent: monotonic seconds before the write was sent.
    public mutating func wrote(_ record: Lease.Record, sent: Double) {
        observe(record, at: sent)
        proved = sent
    }

    /// Returns the record to write; nil while another candidate holds the Lease, or may hold it.
    ///
    /// - Parameters:
    ///   - time: monotonic seconds.
    ///   - now: the time that the record has, which is informational.
    public func claim(at time: Double, now: Date) -> Lease.Record? {
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

    /// Returns the record that lets another candidate take the Lease immediately; nil if this candidate does not hold
    /// it.
    public func release(now: Date) -> Lease.Record? {
        guard let observed, observed.holder == identity else { return nil }
        let text = MicroTime.text(now)
        return Lease.Record(
            holder: "", duration: 1, acquired: text, renewed: text, transitions: observed.transitions)
    }
}
