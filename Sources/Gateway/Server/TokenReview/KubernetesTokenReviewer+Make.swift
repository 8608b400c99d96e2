import FoundationEssentials
import GatewayCore
import HTTPTypes
import JOSE
import Kubernetes
import Logging
import ServiceLifecycle

extension KubernetesTokenReviewer {
    /// The whole way of a review: the cache with its single flight, then the check by the API server's own keys, then
    /// the API server.
    ///
    /// - Parameters:
    ///   - kubeconfig: a path that can be opened; nil inside a cluster.
    ///   - environment: the process', for the address inside a cluster.
    ///   - serviceAccountFolder: where `ca.crt` and `token` are inside a cluster; nil for where the kubelet mounts
    ///     them.
    ///   - connection: bounds of the connection; those of its size follow from `limits`.
    ///   - scheduler: its clock ends calls of the API server.
    ///   - observe: told what happens, for metrics.
    /// - Returns: the reviewer, the reader of labels and annotations that shares its connections, the services that
    ///   they need running, in the order of their start: before the listeners; and the client itself.
    /// - Throws: every problem of the connection's files. The API server itself is not called.
    static func make(
        kubeconfig: String?, environment: [String: String], serviceAccountFolder: String? = nil, at now: Date,
        limits: TokenReviewLimits = TokenReviewLimits(), connection: KubernetesClient.Limits = .init(),
        scheduler: Scheduler,
        logger: Logger,
        observe: @escaping TokenReviewObserver = { _ in }
    ) throws(KubernetesConnectionError) -> (
        reviewer: any TokenReviewing, metadata: any WorkloadMetadataReading, services: [any Service],
        client: KubernetesClient
    ) {
        var bounds = connection
        bounds.replyBytes = 1 << 20
        bounds.connections = max(1, limits.inFlight / 2)
        let (client, service) = try KubernetesConnection.make(
            kubeconfig: kubeconfig, environment: environment,
            serviceAccountFolder: serviceAccountFolder ?? KubernetesConnection.serviceAccountFolder, at: now,
            limits: bounds, scheduler: scheduler, logger: logger)
        let reviewer = CachingTokenReviewer(
            PrecheckedTokenReviewer(
                KubernetesTokenReviewer(client: client, timeout: limits.timeout, observe: observe),
                keys: KeySetCache(client: client), maximumUnknown: limits.unknownKeysInFlight, observe: observe),
            id: "kubernetes", limits: limits, observe: observe)
        let metadata = KubernetesObjectReader(client: client, limits: ObjectReadLimits(), clock: scheduler.now)
        return (reviewer, metadata, [service, reviewer], client)
    }
}

extension KeySetCache {
    /// The API server's own keys (`/openid/v1/jwks`, "ServiceAccount issuer discovery"): read every five minutes, for
    /// an unknown `kid` at most once a minute, and once a minute where they cannot be read at all.
    init(client: KubernetesClient) {
        self.init(maximumAge: 300, minimumInterval: 60, firstRetryInterval: 60) { now throws(TokenReviewFailure) in
            let request = KubernetesRequest(
                .get, "/openid/v1/jwks", accept: "application/jwk-set+json, application/json")
            let reply: KubernetesReply
            do throws(KubernetesRequestError) {
                reply = try await client.send(request, at: now, timeout: 3)
            } catch {
                throw TokenReviewFailure(retryAfter: 5, reason: error.description)
            }
            guard reply.status == 200, let keys = try? JSONWebKeySet(parsing: reply.body), !keys.keys.isEmpty else {
                throw TokenReviewFailure(retryAfter: 60, reason: "/openid/v1/jwks is no key set (\(reply.status))")
            }
            return keys
        }
    }
}
