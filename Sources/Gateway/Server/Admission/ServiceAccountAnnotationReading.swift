/// The port that reads annotations of ServiceAccounts.
protocol ServiceAccountAnnotationReading: Sendable {
    /// Reads annotations of the gateway. An annotation may be some seconds old; a missing one is read each time.
    ///
    /// - Parameters:
    ///   - keys: the keys of the annotations; others are neither cached nor returned.
    ///   - name: a valid name, as is the namespace.
    /// - Returns: nil where there is no such ServiceAccount.
    func annotations(
        _ keys: Set<String>, of name: String, in namespace: String
    ) async throws(ServiceAccountReadFailure) -> [String: String]?
}

/// The ServiceAccount could not be read; whether it exists is not known.
struct ServiceAccountReadFailure: Error, Equatable {
    /// For the log.
    let reason: String
}

/// The reader of a gateway without an API server: every read fails.
struct UnreadableServiceAccounts: ServiceAccountAnnotationReading {
    func annotations(
        _ keys: Set<String>, of name: String, in namespace: String
    ) async throws(ServiceAccountReadFailure) -> [String: String]? {
        throw ServiceAccountReadFailure(
            reason: "no API server is configured; remove injection.serviceAccountAnnotations, or set "
                + "review.kind to kubernetes")
    }
}
