/// Who is notified by a ``LeaseElection`` whether this process leads, and until when.
public protocol LeaseHolder: Sendable {
    /// The end of the leadership in monotonic seconds, if the Lease is not renewed; nil if this process does not lead.
    var end: Double? { get }

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
