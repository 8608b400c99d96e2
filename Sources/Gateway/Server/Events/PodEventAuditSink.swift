import GatewayCore

/// An audit whose refusals by policy are told as Events on their Pods, too.
struct PodEventAuditSink: AuditSink {
    let audit: any AuditSink
    let events: PodEvents

    func record(_ record: AuditRecord) {
        audit.record(record)
        events.record(record)
    }

    func record(_ record: PublicationRecord) { audit.record(record) }
}
