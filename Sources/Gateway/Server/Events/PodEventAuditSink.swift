import GatewayCore

/// An audit sink that also creates Events on Pods for denials by policy.
struct PodEventAuditSink: AuditSink {
    let audit: any AuditSink
    let events: PodEvents

    func record(_ record: AuditRecord) {
        audit.record(record)
        events.record(record)
    }

    func record(_ record: PublicationRecord) { audit.record(record) }
}
