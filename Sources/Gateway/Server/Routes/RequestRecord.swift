import GatewayCore
import Synchronization

/// What the routes find out about one request, for its log record, the audit and the metrics.
final class RequestRecord: Sendable {
    struct Findings {
        /// nil where the request was none that is decided on.
        var outcome: AuditRecord.Outcome?
        var usesAPIServerAudience = false
    }

    private let state = Mutex(Findings())

    var findings: Findings { state.withLock { $0 } }

    /// The first outcome stands: an error answer does not undo what was found before.
    func conclude(_ outcome: AuditRecord.Outcome) {
        state.withLock { if $0.outcome == nil { $0.outcome = outcome } }
    }

    func noteAPIServerAudience() { state.withLock { $0.usesAPIServerAudience = true } }
}
