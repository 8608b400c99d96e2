package import FoundationEssentials
package import JOSE

/// The state of the publication of one endpoint.
package struct PublicationStatus: Sendable, Equatable {
    /// Human-readable location of the documents; nil where the endpoint has no publisher.
    package var location: String?
    /// The end of the last round without a conflict or a failure.
    package var lastSuccess: Date?
    /// The owner of the documents of that round.
    package var lastOwner: String?
    /// Why the last round was not complete; nil where it was, or there was none yet.
    package var failure: String?
    package var failureCode: ErrorCode?
    /// The request ID by which the service identifies the failed call.
    package var failureReference: String?
    /// Why the CDN invalidation fails.
    package var invalidationFailure: String?
    package var invalidationFailureCode: ErrorCode?
    /// The request ID by which the CDN identifies the failed call.
    package var invalidationFailureReference: String?
    /// Since when an invalidation is pending or in progress.
    package var invalidatingSince: Date?
    /// The current documents, where their invalidation is complete; nil without a CDN.
    package var invalidated: KeyRing.InvalidatedDocuments?
    /// The end of the last invalidation.
    package var lastInvalidation: Date?
    /// The result of the last reading; nil where there was none yet, or probing is disabled.
    package var verdict: ProbeVerdict?
    /// The time of the last reading.
    package var lastProbe: Date?
    /// The keys that the relying party holds, where keys are handed over.
    package var handedOver: Set<KeyID> = []
    /// The evidence for key rings.
    package var evidence: PublicEvidence?

    package init(location: String? = nil) { self.location = location }

    /// The code of ``problem``.
    package var code: ErrorCode? {
        if failure != nil { return failureCode }
        if invalidationFailure != nil { return invalidationFailureCode }
        return verdict.map { $0.isMatch } ?? true ? nil : .documentsDiffer
    }

    /// The first problem, for the details of readiness; nil where there is none.
    package var problem: String? {
        if let failure { return failure }
        if let invalidationFailure { return invalidationFailure }
        if let verdict, !verdict.isMatch { return "\(verdict)" }
        return nil
    }
}
