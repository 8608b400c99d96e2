import FoundationEssentials
import GatewayCore

/// Records decisions on token calls in the audit and in the metrics.
struct DecisionReporting: Sendable {
    let metrics: GatewayMetrics
    let audit: any AuditSink
    /// nil for none.
    var history: CallHistory?
    let clock: @Sendable () -> Date

    /// - Returns: the audit record.
    func report(
        _ decision: TokenCallDecision, requestID: String, from remoteAddress: String?, latency: Duration
    ) -> AuditRecord {
        var request = AuditRecord.Request(
            id: requestID, endpoint: decision.endpoint, route: decision.route, remoteAddress: remoteAddress)
        request.usesAPIServerAudience = decision.usesAPIServerAudience
        let record = AuditRecord(
            decision.outcome, of: request, policy: decision.policy, at: clock(), latency: latency)
        metrics.record(record)
        history?.record(record.decision, of: record.request.endpoint)
        audit.record(record)
        return record
    }
}
