import FoundationEssentials
import GatewayCore
import GatewayPluginAPI
import HTTPTypes
import Kubernetes
import KubernetesAPI
import Synchronization

/// Reads ServiceAccounts from the API server for the webhook, which waits for it: within two seconds, a bounded number
/// at a time, and for a Deployment's many Pods once in some seconds.
///
/// It needs `get` on `serviceaccounts`. Other annotations than those that are asked for are not kept. A ServiceAccount
/// that lacks one, or is not there, is read anew each time: its annotation may have been written just now.
final class KubernetesServiceAccountReader: ServiceAccountAnnotationReading {
    /// With a time for each read that leaves an API server's five seconds for a webhook some to spare.
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
        let (kept, isCapped) = state.withLock { state -> ([String: String]?, Bool) in
            if let kept = state.cache.object(for: key, at: now)?.annotations, keys.allSatisfy({ kept[$0] != nil }) {
                return (kept, false)
            }
            guard state.inFlight < limits.inFlight else { return (nil, true) }
            state.inFlight += 1
            return (nil, false)
        }
        if let kept { return kept.filter { keys.contains($0.key) } }
        guard !isCapped else {
            throw ServiceAccountReadFailure(reason: "too many reads of ServiceAccounts are in flight")
        }
        defer { state.withLock { $0.inFlight -= 1 } }
        guard let object = try await read(identity, now) else { return nil }
        let own = object.annotations.filter { keys.contains($0.key) }
        let lean = WorkloadMetadata.Object(uid: object.uid, labels: [:], annotations: own)
        state.withLock { $0.cache.keep(lean, for: key, asked: now) }
        return own
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
        // A 404 that is no Status is somebody else's, who knows nothing of the object.
        if reply.status == 404, KubernetesStatus(json: reply.body)?.reason == "NotFound" { return nil }
        guard reply.status == 200 else {
            let failure = TokenReviewFailure(
                reply, to: "a get of serviceaccounts",
                forbidden: "the gateway may not get serviceaccounts (403), which injection.serviceAccountAnnotations "
                    + "needs; bind its ServiceAccount to a ClusterRole with the verb get on serviceaccounts")
            throw ServiceAccountReadFailure(reason: failure.reason)
        }
        guard let object = ObjectMetadataMessage.object(in: reply.body, of: .serviceAccount, identity) else {
            throw ServiceAccountReadFailure(
                reason: "the API server's answer to a get of serviceaccounts is not the object")
        }
        return object
    }
}
