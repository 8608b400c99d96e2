import FoundationEssentials
import GatewayPluginAPI

/// A CDN invalidation of published documents: to be created, or in progress.
struct CDNInvalidation: Sendable {
    let documents: [IssuerDocumentKind]
    /// Unique. The same one is sent until the CDN has returned an ID, so that a lost response does not create a second
    /// invalidation.
    let reference: String
    let since: Date
    /// The digests of the documents at that time.
    let digests: [IssuerDocumentKind: String]
    /// The CDN's ID; nil until the CDN has returned it.
    var id: String?
    /// Consecutive failures.
    var failures = 0
    /// When the next call is due.
    var due: Date

    init(_ documents: [IssuerDocumentKind], of state: IssuerDocuments, at now: Date) {
        self.documents = documents
        let stamp = state.keys.stamp
        reference =
            "\(stamp.owner)-\(stamp.revision)-\(stamp.digest.prefix(12))-\(Int(now.timeIntervalSince1970 * 1000))"
        since = now
        digests = Dictionary(state.all.map { ($0.kind, $0.stamp.digest) }, uniquingKeysWith: { $1 })
        due = now
    }

    /// Seconds to the next status call: short at first, since most invalidations take less than a minute.
    func pollInterval(at now: Date) -> Double { min(30, max(2, now.timeIntervalSince(since) / 4)) }
}
