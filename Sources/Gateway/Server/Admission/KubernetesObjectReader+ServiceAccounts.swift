import GatewayCore

/// Reads annotations of ServiceAccounts for the webhook. Only the requested annotations are cached. A missing
/// ServiceAccount, or one that lacks an annotation, is read each time: the annotation may have been added in the
/// meantime.
///
/// It needs `get` on `serviceaccounts`.
extension KubernetesObjectReader: ServiceAccountAnnotationReading {
    func annotations(
        _ keys: Set<String>, of name: String, in namespace: String
    ) async throws(ServiceAccountReadFailure) -> [String: String]? {
        let found: Object?
        do throws(Failure) {
            found = try await object(
                .serviceAccount(name, in: namespace), at: clock(),
                accepting: { object in keys.allSatisfy { object.annotations[$0] != nil } },
                caching: { object in
                    Object(
                        uid: object.uid, labels: [:], annotations: object.annotations.filter { keys.contains($0.key) })
                })
        } catch {
            let failure = TokenReviewFailure(
                error, reading: "serviceaccounts", tooMany: "too many reads of ServiceAccounts are in flight",
                forbidden: "not allowed to get serviceaccounts (403), which injection.serviceAccountAnnotations "
                    + "requires; bind the gateway's ServiceAccount to a ClusterRole with the verb get on "
                    + "serviceaccounts")
            throw ServiceAccountReadFailure(reason: failure.reason)
        }
        return found?.annotations.filter { keys.contains($0.key) }
    }
}

extension ObjectReadLimits {
    /// For the webhook. Two reads in a row are shorter than the five seconds that the API server waits for it.
    static var admission: ObjectReadLimits {
        var limits = ObjectReadLimits()
        limits.inFlight = 64
        limits.cachedBytes = 4 << 20
        limits.lifetime = 5
        limits.timeout = 2
        return limits
    }
}
