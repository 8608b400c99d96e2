import FoundationEssentials
import GatewayCore

/// Where decisions are told: the audit and the metrics, with what they need to know of the endpoints.
struct DecisionReporting: Sendable {
    let metrics: GatewayMetrics
    let audit: any AuditSink
    let clock: @Sendable () -> Date
    private let policies: [String: AccessPolicy]

    init(
        endpoints: [EndpointConfiguration], metrics: GatewayMetrics, audit: any AuditSink,
        clock: @escaping @Sendable () -> Date
    ) {
        self.metrics = metrics
        self.audit = audit
        self.clock = clock
        policies = Dictionary(endpoints.map { ($0.name, $0.policy) }, uniquingKeysWith: { first, _ in first })
    }

    /// Tells one answer of a token call.
    ///
    /// - Returns: the record, for the log; nil where the route or the answer is none that is decided on.
    func report(
        _ findings: RequestRecord.Findings, of route: Route, requestID: String, from remoteAddress: String?,
        latency: Duration
    ) -> AuditRecord? {
        guard let outcome = findings.outcome, let audited = AuditRecord.Route(rawValue: route.name),
            let endpoint = route.endpoint, let policy = policies[endpoint]
        else { return nil }
        var request = AuditRecord.Request(
            id: requestID, endpoint: endpoint, route: audited, remoteAddress: remoteAddress)
        request.usesAPIServerAudience = findings.usesAPIServerAudience
        let record = AuditRecord(outcome, of: request, policy: policy, at: clock(), latency: latency)
        metrics.record(record)
        audit.record(record)
        return record
    }
}
