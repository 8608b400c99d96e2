package import FoundationEssentials
import GatewayPluginAPI
package import JSON

/// The audit record of a document that was published, or was not because of a conflict (`docs/audit.md`).
package struct PublicationRecord: Sendable {
    package let time: Date
    package let endpoint: String
    package let place: String
    package let outcome: PublicationRound.Outcome

    package init(time: Date, endpoint: String, place: String, outcome: PublicationRound.Outcome) {
        self.time = time
        self.endpoint = endpoint
        self.place = place
        self.outcome = outcome
    }

    /// The line of the record; nil where the result is not audited.
    package var json: JSONValue? {
        let decision: String
        var reason: String?
        switch outcome.result {
        case .written: decision = "published"
        case .overwritten(let conflict):
            decision = "published"
            reason = "a document with other keys was overwritten: \(conflict)"
        case .rejected(let conflict):
            decision = "publication-refused"
            reason = conflict.description
        case .unchanged, .stale, .failed: return nil
        }
        var members: [JSONValue.Member] = [
            .init("audit", .integer(AuditRecord.schemaVersion)),
            .init("time", .string(Timestamp.text(time))),
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
