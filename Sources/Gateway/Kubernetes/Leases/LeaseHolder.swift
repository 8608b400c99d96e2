/// Who is notified by a ``LeaseElection`` whether this process leads, and until when.
public protocol LeaseHolder: Sendable {
    /// The end of the leadership in monotonic seconds, if the Lease is not renewed; nil if this process does not lead.
    var end: Double? { get }

    /// Whether this process can lead. If not, it gives the Lease back and does not take it.
    var canLead: Bool { get }

    /// This process leads until that moment in monotonic seconds.
    ///
    /// - Returns: whether it did not lead before.
    @discardableResult
    func lead(until end: Double) -> Bool

    /// This process no longer leads.
    ///
    /// - Returns: whether it led before.
    @discardableResult
    func stepDown() -> Bool
}

extension LeaseHolder {
    /// Always.
    public var canLead: Bool { true }
}
