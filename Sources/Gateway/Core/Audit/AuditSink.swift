/// The port to the storage of audit records.
package protocol AuditSink: Sendable {
    /// Stores the record, or drops it and counts the loss. Returns immediately.
    func record(_ record: AuditRecord)

    /// Stores the record of a publication, as above.
    func record(_ record: PublicationRecord)
}
