import FoundationEssentials
import GatewayPluginAPI

/// Documents that the edges have to forget.
struct EdgeInvalidation: Sendable {
    let documents: [IssuerDocumentKind]
    /// Unique; the same one until the other side has answered with an id, so that a lost answer costs no second one.
    let reference: String
    let since: Date
    /// The other side's, once it has one.
    var id: String?
    var failures = 0
    /// When to ask next.
    var due: Date

    init(_ documents: [IssuerDocumentKind], of state: IssuerDocuments, at now: Date) {
        self.documents = documents
        let stamp = state.keys.stamp
        reference =
            "\(stamp.owner)-\(stamp.revision)-\(stamp.digest.prefix(12))-\(Int(now.timeIntervalSince1970 * 1000))"
        since = now
        due = now
    }

    /// Seconds from one look to the next: soon at first, since most take less than a minute.
    func pollInterval(at now: Date) -> Double { min(30, max(2, now.timeIntervalSince(since) / 4)) }
}
