package import FoundationEssentials
package import GatewayPluginAPI

/// The port to the labels and annotations of a workload's namespace and ServiceAccount.
package protocol WorkloadMetadataReading: Sendable {
    /// Reads one object of an authenticated workload. The result may be some seconds old.
    ///
    /// - Returns: nil where the object does not exist any more.
    /// - Throws: where there is no result.
    func read(
        _ source: WorkloadMetadata.Source, of identity: WorkloadIdentity, at now: Date
    ) async throws(TokenReviewFailure) -> WorkloadMetadata.Object?
}

extension WorkloadMetadataReading {
    /// Reads the objects in their order.
    ///
    /// - Throws: `invalidSubjectToken(.workloadGone)` where one does not exist, or where the ServiceAccount has another
    ///   uid; `reviewUnavailable` where one cannot be read.
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
