public import FoundationEssentials

/// Where the publication of one endpoint stands.
public struct PublicationStatus: Sendable, Equatable {
    /// For people; nil where the endpoint has no publisher.
    public var place: String?
    /// The end of the last round in which nothing was refused and nothing failed.
    public var lastSuccess: Date?
    /// Why the last round did not come to its end; nil where it did, or none was yet.
    public var failure: String?
    /// What the other side finds that call by.
    public var failureReference: String?
    /// Why the edges' invalidation does not come on.
    public var edgeFailure: String?
    public var edgeFailureReference: String?
    /// Since when an invalidation is under way, or to be asked for.
    public var invalidatingSince: Date?
    /// The last invalidation's end.
    public var lastInvalidation: Date?
    /// nil where the public URL was not read yet, or is not to be.
    public var verdict: ProbeVerdict?
    public var lastProbe: Date?
    /// What key rings go by.
    public var evidence: PublicEvidence?

    public init(place: String? = nil) { self.place = place }

    /// For readiness detail; nil where all is well.
    public var problem: String? {
        if let failure { return failure }
        if let edgeFailure { return edgeFailure }
        if let verdict, verdict != .matches { return "\(verdict)" }
        return nil
    }
}
