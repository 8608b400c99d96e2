import FoundationEssentials
import GatewayCore
import GatewayPluginAPI
import Logging
import ServiceLifecycle

/// Publishes the discovery documents of every endpoint. Endpoints are independent: a failure delays only its own.
struct DiscoveryPublicationService: Service {
    /// The publication of one endpoint.
    struct Part: Sendable {
        let endpoint: String
        let keys: CurrentSigningKeys
        let publication: any EndpointPublishing
        let logger: Logger
    }

    let parts: [Part]
    let statuses: PublicationStatuses
    let leadership: Leadership
    let metrics: GatewayMetrics
    let audit: any AuditSink
    let scheduler: Scheduler

    /// Publishes while this replica is the leader. Writes in progress are cancelled when that ends; the next leader
    /// repeats them, which is safe.
    func run() async {
        await cancelWhenGracefulShutdown {
            await leadership.whileLeading {
                await withDiscardingTaskGroup { group in
                    for (index, part) in parts.enumerated() {
                        group.addTask {
                            await delay(part: index)
                            await run(part)
                        }
                    }
                }
                for part in parts { statuses[part.endpoint] = nil }
            }
        }
    }

    /// How many endpoints begin in one second: a store limits requests, and a connection takes a millisecond of a core.
    static let startsPerSecond = 200

    private func delay(part index: Int) async {
        let seconds = index / Self.startsPerSecond
        if seconds > 0 { try? await scheduler.sleep(Double(seconds)) }
    }

    private func run(_ part: Part) async {
        var publication = part.publication
        var log = PublicationLog(logger: part.logger)
        while !Task.isCancelled {
            // Before the keys are read, so that no change is missed.
            let changes = part.keys.changes()
            var next: Date?
            if let documents = part.keys.snapshot.documents {
                let report = await publication.step(documents)
                next = report.next
                // Also when the gateway is stopping: what was written is recorded.
                for outcome in report.outcomes {
                    metrics.record(outcome, of: part.endpoint)
                    if log.isNew(outcome) {
                        audit.record(
                            PublicationRecord(
                                time: scheduler.now(), endpoint: part.endpoint, place: report.status.location ?? "",
                                outcome: outcome))
                    }
                }
                if Task.isCancelled { return }
                log.log(report)
                statuses[part.endpoint] = report.status
            }
            await scheduler.wait(until: next, or: [changes])
        }
    }
}

/// Logs changes in the publication of one endpoint, each once.
private struct PublicationLog {
    private let logger: Logger
    private var failure: FailureLog
    private var invalidationFailure: FailureLog
    private var verdict: ProbeVerdict?
    private var refusal: PublicationConflict?

    init(logger: Logger) {
        self.logger = logger
        failure = FailureLog(
            "publication failed", recovered: "publication works again", level: .warning, logger: logger)
        invalidationFailure = FailureLog(
            "invalidation failed", recovered: "invalidation works again", level: .warning, logger: logger)
    }

    /// Whether an outcome is not a repetition of the last rejection.
    mutating func isNew(_ outcome: PublicationRound.Outcome) -> Bool {
        guard case .rejected(let reason) = outcome.result else {
            if case .failed = outcome.result {} else { refusal = nil }
            return true
        }
        defer { refusal = reason }
        return refusal != reason
    }

    mutating func log(_ report: EndpointPublication.Report) {
        let status = report.status
        let place: Logger.Metadata = ["place": "\(status.location ?? "")"]
        for outcome in report.outcomes {
            guard case .overwritten(let conflict) = outcome.result else { continue }
            logger.critical(
                "foreign document overwritten",
                metadata: place.merging(
                    [
                        "code": "\(conflict.code)", "document": "\(outcome.document.kind.path)",
                        "reason": "\(conflict)",
                    ], uniquingKeysWith: { $1 }))
        }
        for outcome in report.outcomes where outcome.result == .written {
            logger.notice(
                "document published",
                metadata: place.merging(
                    [
                        "document": "\(outcome.document.kind.path)", "revision": "\(outcome.document.stamp.revision)",
                    ], uniquingKeysWith: { $1 }))
        }
        func update(_ log: inout FailureLog, _ reason: String?, _ code: ErrorCode?, _ reference: String?) {
            guard let reason else {
                log.succeed(place)
                return
            }
            let metadata = reference.map { place.merging(["reference": "\($0)"]) { $1 } } ?? place
            log.fail(reason, code: code ?? .unspecified, metadata)
        }
        update(&failure, status.failure, status.failureCode, status.failureReference)
        update(
            &invalidationFailure, status.invalidationFailure, status.invalidationFailureCode,
            status.invalidationFailureReference)
        if status.verdict != verdict, let new = status.verdict {
            verdict = new
            // A mismatch is expected while a CDN invalidation is in progress, and with manual publication.
            let isSettled = status.invalidatingSince == nil && status.failure == nil && status.location != nil
            var metadata: Logger.Metadata = ["verdict": "\(new)"]
            if !new.isMatch { metadata["code"] = "\(ErrorCode.documentsDiffer)" }
            logger.log(
                level: new.isMatch ? .notice : isSettled ? .warning : .info, "public documents read",
                metadata: metadata)
        }
    }
}
