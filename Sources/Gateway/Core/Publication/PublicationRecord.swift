public import FoundationEssentials
import GatewayPluginAPI
public import JOSE

/// A document that was put where the world reads it, or the refusal to: a line of the audit (`docs/audit.md`).
public struct PublicationRecord: Sendable {
    public let time: Date
    public let endpoint: String
    public let place: String
    public let outcome: PublicationRound.Outcome

    public init(time: Date, endpoint: String, place: String, outcome: PublicationRound.Outcome) {
        self.time = time
        self.endpoint = endpoint
        self.place = place
        self.outcome = outcome
    }

    /// nil where nothing happened that an audit needs to know.
    public var json: JSONValue? {
        let decision: String
        var reason: String?
        switch outcome.result {
        case .written: decision = "published"
        case .refused(let refusal):
            decision = "publication-refused"
            reason = refusal.description
        case .unchanged, .stale, .failed: return nil
        }
        var members: [JSONValue.Member] = [
            .init("audit", .integer(AuditRecord.schemaVersion)),
            .init("time", .string(AuditRecord.text(time))),
            .init("endpoint", .string(endpoint)),
            .init("decision", .string(decision)),
        ]
        if let reason { members.append(.init("reason", .string(reason))) }
        members.append(
            .init(
                "publication",
                [
                    "document": .string(outcome.document.kind.path),
                    "place": .string(place),
                    "owner": .string(outcome.document.stamp.owner),
                    "revision": .integer(outcome.document.stamp.revision),
                    "sha256": .string(outcome.document.stamp.digest),
                ]))
        return .object(members)
    }
}
