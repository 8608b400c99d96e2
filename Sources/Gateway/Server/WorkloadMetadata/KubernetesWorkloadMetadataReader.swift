package import FoundationEssentials
package import GatewayCore
package import GatewayPluginAPI
import HTTPTypes
import Kubernetes
import KubernetesAPI
import Synchronization

/// Reads a workload's namespace and ServiceAccount from the API server, keeps what it has read for some seconds, and
/// bounds the reads in flight. Failures are not kept, nor that an object is gone.
///
/// It needs `get` on `namespaces` and on `serviceaccounts`, each only where a rule or a claim names a label or an
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
        let (kept, isCapped) = state.withLock { state in
            if let kept = state.cache.object(for: key, at: now) { return (kept as WorkloadMetadata.Object?, false) }
            guard state.inFlight < limits.inFlight else { return (nil, true) }
            state.inFlight += 1
            return (nil, false)
        }
        if let kept { return kept }
        guard !isCapped else {
            throw TokenReviewFailure(retryAfter: 1, reason: "too many reads of labels and annotations are in flight")
        }
        defer { state.withLock { $0.inFlight -= 1 } }
        let object = try await ask(source, identity, now)
        if let object { state.withLock { $0.cache.keep(object, for: key, asked: now) } }
        return object
    }

    private func ask(
        _ source: WorkloadMetadata.Source, _ identity: WorkloadIdentity, _ now: Date
    ) async throws(TokenReviewFailure) -> WorkloadMetadata.Object? {
        let request = KubernetesRequest(.get, ObjectMetadataMessage.path(of: source, identity))
        let reply: KubernetesReply
        do {
            reply = try await client.send(request, at: now, timeout: limits.timeout)
        } catch {
            throw TokenReviewFailure(error)
        }
        // A 404 that is no Status is somebody else's, who knows nothing of the object.
        if reply.status == 404, KubernetesStatus(json: reply.body)?.reason == "NotFound" { return nil }
        let resource = ObjectMetadataMessage.resource(of: source)
        guard reply.status == 200 else {
            throw TokenReviewFailure(
                reply, to: "a get of \(resource)",
                forbidden: "the gateway may not get \(resource) (403), which a rule or a claim needs; "
                    + "bind its ServiceAccount to a ClusterRole with the verb get on \(resource)")
        }
        guard let object = ObjectMetadataMessage.object(in: reply.body, of: source, identity) else {
            throw TokenReviewFailure(
                retryAfter: 5, reason: "the API server's answer to a get of \(resource) is not the object")
        }
        return object
    }
}
