/// The port to whoever knows the annotations of ServiceAccounts.
protocol ServiceAccountAnnotationReading: Sendable {
    /// Reads annotations that are the gateway's own. What is told may be some seconds old; that one is lacking is not.
    ///
    /// - Parameters:
    ///   - keys: the only ones that are kept and told.
    ///   - name: a name that Kubernetes could take, as the namespace.
    /// - Returns: nil where there is no such ServiceAccount.
    func annotations(
        _ keys: Set<String>, of name: String, in namespace: String
    ) async throws(ServiceAccountReadFailure) -> [String: String]?
}

/// There is no answer, which says nothing of the ServiceAccount.
struct ServiceAccountReadFailure: Error, Equatable {
    /// For the log.
    let reason: String
}

/// Where the configuration wants ServiceAccounts to be asked, and there is no API server to ask.
struct UnreadableServiceAccounts: ServiceAccountAnnotationReading {
    func annotations(
        _ keys: Set<String>, of name: String, in namespace: String
    ) async throws(ServiceAccountReadFailure) -> [String: String]? {
        throw ServiceAccountReadFailure(
            reason: "the gateway knows no API server; leave injection.serviceAccountAnnotations out, or set "
                + "review.kind to kubernetes")
    }
}
