import FoundationEssentials
import GatewayCore

/// The publication of one endpoint while this replica is the leader.
actor RepeatedPublication: Stepping {
    private let part: DiscoveryPublicationService.Part
    private let statuses: PublicationStatuses
    private let metrics: GatewayMetrics
    private let audit: any AuditSink
    private let clock: @Sendable () -> Date
    private var publication: any EndpointPublishing
    private var log: PublicationLog

    init(
        _ part: DiscoveryPublicationService.Part, statuses: PublicationStatuses, metrics: GatewayMetrics,
        audit: any AuditSink, clock: @escaping @Sendable () -> Date
    ) {
        self.part = part
        self.statuses = statuses
        self.metrics = metrics
        self.audit = audit
        self.clock = clock
        publication = part.publication
        log = PublicationLog(logger: part.logger)
    }

    nonisolated func observe(_ wake: @escaping @Sendable () -> Void) -> [ChangeSignal.Observation] {
        [part.keys.observe(wake)]
    }

    func step() async -> StepTime {
        guard let documents = part.keys.snapshot.documents else { return .at(nil) }
        // Steps do not overlap.
        var publication = publication
        let report = await publication.step(documents)
        self.publication = publication
        // Also when the gateway is stopping: what was written is recorded.
        for outcome in report.outcomes {
            metrics.record(outcome, of: part.endpoint)
            if log.isNew(outcome) {
                audit.record(
                    PublicationRecord(
                        time: clock(), endpoint: part.endpoint, place: report.status.location ?? "", outcome: outcome))
            }
        }
        if !Task.isCancelled {
            log.log(report)
            statuses[part.endpoint] = report.status
        }
        return .at(report.next)
    }
}
