package import FoundationEssentials
package import GatewayPluginAPI

/// The port to whoever knows the labels and annotations of a workload's namespace and ServiceAccount.
package protocol WorkloadMetadataReading: Sendable {
    /// Reads one object of somebody whom a review vouches for. It may be some seconds old.
    ///
    /// - Returns: nil where there is no such object any more.
    /// - Throws: where there is no answer; that says nothing of the object.
    func read(
        _ source: WorkloadMetadata.Source, of identity: WorkloadIdentity, at now: Date
    ) async throws(TokenReviewFailure) -> WorkloadMetadata.Object?
}

extension WorkloadMetadataReading {
    /// Reads the objects, one after the other.
    ///
    /// - Throws: `invalidSubjectToken(.workloadGone)` where one is gone, or where the ServiceAccount is another one of
    ///   the same name; `reviewUnavailable` where one cannot be read.
    func metadata(
        _ sources: Set<WorkloadMetadata.Source>, of identity: WorkloadIdentity, at now: Date
    ) async throws(TokenExchangeError) -> WorkloadMetadata {
        var metadata = WorkloadMetadata()
        for source in WorkloadMetadata.Source.allCases where sources.contains(source) {
            let object: WorkloadMetadata.Object?
            do throws(TokenReviewFailure) {
                object = try await read(source, of: identity, at: now)
            } catch {
                throw .reviewUnavailable(retryAfter: error.retryAfter, reason: error.reason)
            }
            guard let object else { throw .invalidSubjectToken(.workloadGone) }
            if source == .serviceAccount, let uid = identity.serviceAccount.uid, uid != object.uid {
                throw .invalidSubjectToken(.workloadGone)
            }
            metadata[source] = object
        }
        return metadata
    }
}
