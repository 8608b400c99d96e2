import GatewayCore
import GatewayPluginAPI

extension PublicationRecord {
    /// A record of every result.
    static func samples() throws -> [PublicationRecord] {
        let document = try IssuerDocuments.example(revision: 7).keys
        let results: [PublicationRound.Result] = [
            .written, .rejected(.foreignOwner("theirs")), .rejected(.newerRevision(8)), .unchanged, .stale,
            .failed(PublishError(.unavailable, "away")),
        ]
        return results.map { result in
            PublicationRecord(
                time: AuditRecord.sampleTime, endpoint: "one", place: "here",
                outcome: PublicationRound.Outcome(document: document, result: result))
        }
    }
}
