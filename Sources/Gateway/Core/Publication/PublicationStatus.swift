package import FoundationEssentials

/// Where the publication of one endpoint stands.
package struct PublicationStatus: Sendable, Equatable {
    /// For people; nil where the endpoint has no publisher.
    package var place: String?
    /// The end of the last round in which nothing was refused and nothing failed.
    package var lastSuccess: Date?
    /// Why the last round did not come to its end; nil where it did, or none was yet.
    package var failure: String?
    /// What the other side finds that call by.
    package var failureReference: String?
    /// Why the edges' invalidation does not come on.
    package var edgeFailure: String?
    package var edgeFailureReference: String?
    /// Since when an invalidation is under way, or to be asked for.
    package var invalidatingSince: Date?
    /// The last invalidation's end.
    package var lastInvalidation: Date?
    /// nil where the public URL was not read yet, or is not to be.
    package var verdict: ProbeVerdict?
    package var lastProbe: Date?
    /// What key rings go by.
    package var evidence: PublicEvidence?

    package init(place: String? = nil) { self.place = place }

    /// For readiness detail; nil where all is well.
    package var problem: String? {
        if let failure { return failure }
        if let edgeFailure { return edgeFailure }
        if let verdict, verdict != .matches { return "\(verdict)" }
        return nil
    }
}
