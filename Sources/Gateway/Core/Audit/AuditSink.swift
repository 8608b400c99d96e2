/// The port to wherever audit records are kept.
public protocol AuditSink: Sendable {
    /// Takes the record, or loses it and counts the loss; returns at once either way.
    func record(_ record: AuditRecord)
}
