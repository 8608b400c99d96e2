/// The port to wherever audit records are kept.
package protocol AuditSink: Sendable {
    /// Takes the record, or loses it and counts the loss; returns at once either way.
    func record(_ record: AuditRecord)

    /// The same for what happened to a published document.
    func record(_ record: PublicationRecord)
}
