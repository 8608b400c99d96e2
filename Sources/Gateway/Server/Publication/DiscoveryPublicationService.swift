import FoundationEssentials
import GatewayCore
import GatewayPluginAPI
import Logging
import ServiceLifecycle

/// Keeps every endpoint's documents published, each endpoint for itself: one that fails waits alone.
struct DiscoveryPublicationService: Service {
    /// One endpoint's part.
    struct Part: Sendable {
        let endpoint: String
        let keys: CurrentSigningKeys
        let publication: EndpointPublication
        let logger: Logger
    }

    let parts: [Part]
    let statuses: PublicationStatuses
    let leadership: Leadership
    let metrics: GatewayMetrics
    let audit: any AuditSink
    let scheduler: Scheduler

    /// While this replica leads; what is under way when that ends is given up, for a write that is repeated does no harm.
    func run() async {
        await cancelWhenGracefulShutdown {
            await leadership.whileLeading {
                await withDiscardingTaskGroup { group in
                    for part in parts { group.addTask { await run(part) } }
                }
                for part in parts { statuses[part.endpoint] = nil }
            }
        }
    }

    private func run(_ part: Part) async {
        var publication = part.publication
        var told = PublicationLog(logger: part.logger)
        while !Task.isCancelled {
            // Before the look at the keys, so that no change falls between.
            let changes = part.keys.changes()
            var next: Date?
            if let documents = part.keys.snapshot.documents {
                let report = await publication.step(documents)
                next = report.next
                // Also where the gateway ends meanwhile: what was written is to be known.
                for outcome in report.outcomes {
                    metrics.record(outcome, of: part.endpoint)
                    if told.isNews(outcome) {
                        audit.record(
                            PublicationRecord(
                                time: scheduler.now(), endpoint: part.endpoint, place: report.status.place ?? "",
                                outcome: outcome))
                    }
                }
                if Task.isCancelled { return }
                told.tell(report)
                statuses[part.endpoint] = report.status
            }
            await scheduler.wait(until: next, or: [changes])
        }
    }
}

/// The log of one endpoint's publication: what changes, once.
private struct PublicationLog {
    private let logger: Logger
    private var failure: FailureLog
    private var edgeFailure: FailureLog
    private var verdict: ProbeVerdict?
    private var refusal: PublicationRefusal?

    init(logger: Logger) {
        self.logger = logger
        failure = FailureLog(
            "publication failed", recovered: "publication works again", level: .warning, logger: logger)
        edgeFailure = FailureLog(
            "invalidation failed", recovered: "invalidation works again", level: .warning, logger: logger)
    }

    /// Whether an outcome is more than the repetition of a refusal.
    mutating func isNews(_ outcome: PublicationRound.Outcome) -> Bool {
        guard case .refused(let reason) = outcome.result else {
            if case .failed = outcome.result {} else { refusal = nil }
            return true
        }
        defer { refusal = reason }
        return refusal != reason
    }

    mutating func tell(_ report: EndpointPublication.Report) {
        let status = report.status
        let place: Logger.Metadata = ["place": "\(status.place ?? "")"]
        for outcome in report.outcomes where outcome.result == .written {
            logger.notice(
                "document published",
                metadata: place.merging(
                    [
                        "document": "\(outcome.document.kind.path)", "revision": "\(outcome.document.stamp.revision)",
                    ], uniquingKeysWith: { $1 }))
        }
        func update(_ log: inout FailureLog, _ reason: String?, _ reference: String?) {
            guard let reason else {
                log.succeed(place)
                return
            }
            log.fail(reason, reference.map { place.merging(["reference": "\($0)"]) { $1 } } ?? place)
        }
        update(&failure, status.failure, status.failureReference)
        update(&edgeFailure, status.edgeFailure, status.edgeFailureReference)
        if status.verdict != verdict, let new = status.verdict {
            verdict = new
            // Edges take their time, and an operator who uploads by hand knows when it is to be done.
            let isSettled = status.invalidatingSince == nil && status.failure == nil && status.place != nil
            logger.log(
                level: new == .matches ? .notice : isSettled ? .warning : .info, "public documents read",
                metadata: ["verdict": "\(new)"])
        }
    }
}
