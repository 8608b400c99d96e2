import FoundationEssentials
import GatewayCore
import GatewayPluginAPI
import HTTPTypes
import Kubernetes
import KubernetesAPI
import Synchronization

/// Reads annotations of ServiceAccounts from the API server for the webhook, with a timeout of two seconds, a limit of
/// concurrent reads, and a cache of some seconds for the Pods of one Deployment.
///
/// It needs `get` on `serviceaccounts`. Only the requested annotations are cached. A missing ServiceAccount, or one
/// that lacks an annotation, is read each time: the annotation may have been added in the meantime.
final class KubernetesServiceAccountReader: ServiceAccountAnnotationReading {
    /// The limits. The timeout is shorter than the five seconds that the API server waits for the webhook.
    static var limits: WorkloadMetadataLimits {
        var limits = WorkloadMetadataLimits()
        limits.inFlight = 64
        limits.cachedBytes = 4 << 20
        limits.lifetime = 5
        limits.timeout = 2
        return limits
    }

    private struct State {
        var cache: MetadataCache
        var inFlight = 0
    }

    private let client: KubernetesClient
    private let limits: WorkloadMetadataLimits
    private let clock: @Sendable () -> Date
    private let state: Mutex<State>

    init(
        client: KubernetesClient, limits: WorkloadMetadataLimits = KubernetesServiceAccountReader.limits,
        clock: @escaping @Sendable () -> Date
    ) {
        self.client = client
        self.limits = limits
        self.clock = clock
        state = Mutex(State(cache: MetadataCache(limits: limits)))
    }

    func annotations(
        _ keys: Set<String>, of name: String, in namespace: String
    ) async throws(ServiceAccountReadFailure) -> [String: String]? {
        let now = clock()
        let identity = WorkloadIdentity(
            cluster: "", namespace: namespace, serviceAccount: .init(name: name, uid: nil), pod: nil, node: nil,
            groups: [], credentialID: nil)
        let key = MetadataCache.Key(.serviceAccount, identity)
        let (cached, isCapped) = state.withLock { state -> ([String: String]?, Bool) in
            if let cached = state.cache.object(for: key, at: now)?.annotations, keys.allSatisfy({ cached[$0] != nil }) {
                return (cached, false)
            }
            guard state.inFlight < limits.inFlight else { return (nil, true) }
            state.inFlight += 1
            return (nil, false)
        }
        if let cached { return cached.filter { keys.contains($0.key) } }
        guard !isCapped else {
            throw ServiceAccountReadFailure(reason: "too many reads of ServiceAccounts are in flight")
        }
        defer { state.withLock { $0.inFlight -= 1 } }
        guard let object = try await read(identity, now) else { return nil }
        let annotations = object.annotations.filter { keys.contains($0.key) }
        let entry = WorkloadMetadata.Object(uid: object.uid, labels: [:], annotations: annotations)
        state.withLock { $0.cache.insert(entry, for: key, requested: now) }
        return annotations
    }

    private func read(
        _ identity: WorkloadIdentity, _ now: Date
    ) async throws(ServiceAccountReadFailure) -> WorkloadMetadata.Object? {
        let request = KubernetesRequest(.get, ObjectMetadataMessage.path(of: .serviceAccount, identity))
        let reply: KubernetesReply
        do {
            reply = try await client.send(request, at: now, timeout: limits.timeout)
        } catch {
            throw ServiceAccountReadFailure(reason: error.description)
        }
        // A 404 without a Status is not from the API server.
        if reply.status == 404, KubernetesStatus(json: reply.body)?.reason == "NotFound" { return nil }
        guard reply.status == 200 else {
            let failure = TokenReviewFailure(
                reply, to: "a get of serviceaccounts",
                forbidden: "not allowed to get serviceaccounts (403), which injection.serviceAccountAnnotations "
                    + "requires; bind the gateway's ServiceAccount to a ClusterRole with the verb get on "
                    + "serviceaccounts")
            throw ServiceAccountReadFailure(reason: failure.reason)
        }
        guard let object = ObjectMetadataMessage.object(in: reply.body, of: .serviceAccount, identity) else {
            throw ServiceAccountReadFailure(
                reason: "the response of the API server to a get of serviceaccounts is not the object")
        }
        return object
    }
}
