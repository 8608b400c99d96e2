import GatewayCore
import GatewayPluginAPI
import Logging

/// Logs changes in the publication of one endpoint, each once.
struct PublicationLog {
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
