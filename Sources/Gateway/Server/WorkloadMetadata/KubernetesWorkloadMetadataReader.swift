package import FoundationEssentials
package import GatewayCore
package import GatewayPluginAPI
import HTTPTypes
import Kubernetes
import KubernetesAPI
import Synchronization

/// Reads the namespace and the ServiceAccount of a workload from the API server, with a cache of some seconds and a
/// limit of concurrent reads. Failures and missing objects are not cached.
///
/// It needs `get` on `namespaces` and on `serviceaccounts`, each only where a rule or a claim uses a label or an
/// annotation of it.
package final class KubernetesWorkloadMetadataReader: WorkloadMetadataReading {
    private struct State {
        var cache: MetadataCache
        var inFlight = 0
    }

    private let client: KubernetesClient
    private let limits: WorkloadMetadataLimits
    private let state: Mutex<State>

    init(client: KubernetesClient, limits: WorkloadMetadataLimits) {
        self.client = client
        self.limits = limits
        state = Mutex(State(cache: MetadataCache(limits: limits)))
    }

    package func read(
        _ source: WorkloadMetadata.Source, of identity: WorkloadIdentity, at now: Date
    ) async throws(TokenReviewFailure) -> WorkloadMetadata.Object? {
        let key = MetadataCache.Key(source, identity)
        let (cached, isCapped) = state.withLock { state in
            if let cached = state.cache.object(for: key, at: now) { return (cached as WorkloadMetadata.Object?, false) }
            guard state.inFlight < limits.inFlight else { return (nil, true) }
            state.inFlight += 1
            return (nil, false)
        }
        if let cached { return cached }
        guard !isCapped else {
            throw TokenReviewFailure(retryAfter: 1, reason: "too many reads of labels and annotations are in flight")
        }
        defer { state.withLock { $0.inFlight -= 1 } }
        let object = try await get(source, identity, now)
        if let object { state.withLock { $0.cache.insert(object, for: key, requested: now) } }
        return object
    }

    private func get(
        _ source: WorkloadMetadata.Source, _ identity: WorkloadIdentity, _ now: Date
    ) async throws(TokenReviewFailure) -> WorkloadMetadata.Object? {
        let request = KubernetesRequest(.get, ObjectMetadataMessage.path(of: source, identity))
        let reply: KubernetesReply
        do {
            reply = try await client.send(request, at: now, timeout: limits.timeout)
        } catch {
            throw TokenReviewFailure(error)
        }
        // A 404 without a Status is not from the API server.
        if reply.status == 404, KubernetesStatus(json: reply.body)?.reason == "NotFound" { return nil }
        let resource = ObjectMetadataMessage.resource(of: source)
        guard reply.status == 200 else {
            throw TokenReviewFailure(
                reply, to: "a get of \(resource)",
                forbidden: "not allowed to get \(resource) (403), which a rule or a claim requires; "
                    + "bind the gateway's ServiceAccount to a ClusterRole with the verb get on \(resource)")
        }
        guard let object = ObjectMetadataMessage.object(in: reply.body, of: source, identity) else {
            throw TokenReviewFailure(
                retryAfter: 5, reason: "the response of the API server to a get of \(resource) is not the object")
        }
        return object
    }
}
