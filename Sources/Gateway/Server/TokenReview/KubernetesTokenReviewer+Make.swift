import FoundationEssentials
import GatewayCore
import HTTPTypes
import JOSE
import Kubernetes
import Logging
import ServiceLifecycle

extension KubernetesTokenReviewer {
    /// The whole way of a review: the cache, then the check by the API server's own keys, then one of the places for
    /// reviews in flight, then the API server.
    ///
    /// - Parameters:
    ///   - kubeconfig: a path that can be opened; nil inside a cluster.
    ///   - environment: environment variables, for the address inside a cluster.
    ///   - serviceAccountFolder: the folder of `ca.crt` and `token` inside a cluster; nil for the one that the kubelet
    ///     mounts.
    ///   - connection: limits of the connection; those of its size are derived from `limits`.
    ///   - scheduler: its clock is used for timeouts.
    ///   - observe: called for each event, for metrics.
    /// - Returns: the reviewer, the reader of labels and annotations that shares its connections, their services in
    ///   start order, and the client. The services run before the listeners.
    /// - Throws: all problems of the connection's files. The API server is not called.
    static func make(
        kubeconfig: String?, environment: [String: String], serviceAccountFolder: String? = nil, at now: Date,
        limits: TokenReviewLimits = TokenReviewLimits(), connection: KubernetesClient.Limits = .init(),
        scheduler: Scheduler,
        logger: Logger,
        observe: @escaping TokenReviewObserver = { _ in }
    ) throws(KubernetesConnectionError) -> (
        reviewer: CachingTokenReviewer, metadata: any WorkloadMetadataReading, services: [any Service],
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
            KubernetesTokenReviewer(client: client, timeout: limits.timeout, observe: observe), id: "kubernetes",
            precheck: TokenPrecheck(keys: KeySetCache(client: client), observe: observe), limits: limits,
            observe: observe)
        let metadata = KubernetesObjectReader(client: client, limits: ObjectReadLimits(), clock: scheduler.now)
        return (reviewer, metadata, [service, reviewer], client)
    }
}

extension KeySetCache {
    /// The keys of the API server (`/openid/v1/jwks`, "ServiceAccount issuer discovery"): loaded every five minutes,
    /// for an unknown `kid` at most once a minute, and once a minute while that fails.
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
                throw TokenReviewFailure(retryAfter: 60, reason: "/openid/v1/jwks is not a key set (\(reply.status))")
            }
            return keys
        }
    }
}
