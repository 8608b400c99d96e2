import GatewayCore
import HTTPTypes
import Hummingbird
import KubernetesAPI
import Logging

/// `POST /k8s/webhooks/v1/injector-<name>` for each endpoint: AdmissionReviews of Pods (admission.k8s.io). Every path
/// injects all endpoints that a Pod is labelled for.
///
/// Without `injection.webhook.clientCA` the callers are not authenticated: a response contains no secrets, and a review
/// changes nothing in the gateway.
struct WebhookRoutes: Sendable {
    private static let prefix = "/k8s/webhooks/v1/injector-"

    static func path(of endpoint: String) -> String { "\(prefix)\(endpoint)" }

    private let endpoints: [String]
    private let admission: PodAdmission
    private let limiter: AdmissionLimiter
    private let metrics: WebhookMetrics
    private let logger: Logger

    /// - Parameters:
    ///   - namespace: the gateway's namespace; nil where it is not known.
    ///   - version: the gateway's version: the tag of the sidecar image where the configuration has none.
    ///   - trust: returns the CAs that Pods must trust in PEM, nil for those of the Pod's image; called for each
    ///     review.
    ///   - serverVersion: the version of the API server; nil until it is known.
    ///   - serviceAccounts: reads annotations where `readsServiceAccounts` is set; nil where there is no API server.
    ///   - conflict: why another gateway may inject the same Pods; nil where none does.
    init(
        endpoints: [EndpointConfiguration], injection: GatewayConfiguration.Injection, namespace: String?,
        version: String, trust: @escaping @Sendable () -> String?,
        serverVersion: @escaping @Sendable () -> KubernetesVersion?,
        serviceAccounts: (any ServiceAccountAnnotationReading)?, conflict: @escaping @Sendable () -> String? = { nil },
        limiter: AdmissionLimiter, metrics: WebhookMetrics, logger: Logger
    ) {
        self.endpoints = endpoints.map(\.name)
        admission = PodAdmission(
            endpoints: InjectableEndpoints(endpoints, prefix: injection.prefix), injection: injection,
            namespace: namespace, standardImage: "sts-sidecar:\(version)",
            trust: trust, serverVersion: serverVersion,
            serviceAccounts: injection.readsServiceAccounts ? serviceAccounts ?? UnreadableServiceAccounts() : nil,
            conflict: conflict, logger: logger)
        self.limiter = limiter
        self.metrics = metrics
        self.logger = logger
    }

    func add(to table: inout RouteTable) {
        for endpoint in endpoints {
            table.add(
                Self.path(of: endpoint),
                Route(.webhook, endpoint: endpoint, methods: [.post]) { request in
                    try await answer(request, by: endpoint)
                })
        }
        // The webhook configuration of an endpoint that was just added exists before its replicas have reloaded.
        let other = Route(.webhook, methods: [.post]) { request in try await answer(request, by: nil) }
        table.fallback = { $0.path.hasPrefix(Self.prefix) ? other : nil }
    }

    private func answer(_ request: GatewayRequest, by injector: String?) async throws -> Response {
        let start = ContinuousClock.now
        func record(_ result: WebhookMetrics.Result) { metrics.record(result, latency: ContinuousClock.now - start) }
        do {
            // The body has arrived, so that nobody waits for a peer that sends it slowly.
            let length = request.arrivedBody?.readableBytes ?? AdmissionReview.maximumLength
            let concurrency = admission.injection.webhook.concurrency
            let (review, decision) = try await limiter.run(atMost: concurrency, length: length) {
                let review = try AdmissionReview(parsing: try await request.readBody())
                return (review, await admission.decision(on: review, by: injector))
            }
            let result = decision.result
            let response = Response.json(review.answering(decision))
            record(result)
            log(review, decision, result)
            return response
        } catch let error as RequestError {
            record(.malformed)
            throw error
        } catch let error as AdmissionError {
            record(.malformed)
            return .error(HTTPResponse.Status(code: error.status), "invalid_request", error.description)
        } catch is AdmissionLimiter.Overload {
            record(.overloaded)
            // The API server retries within the timeout of the webhook.
            return .error(
                .tooManyRequests, "temporarily_unavailable", "too many concurrent reviews; try again",
                headers: [.retryAfter: "1"])
        } catch {
            record(.failed)
            throw error
        }
    }

    /// Logs a review that changed, warned about or denied a Pod. Annotation values, and the messages for the author of
    /// the Pod, which may quote them, are not logged.
    private func log(_ review: AdmissionReview, _ decision: AdmissionDecision, _ result: WebhookMetrics.Result) {
        guard result != .unchanged else { return }
        var metadata: Logger.Metadata = ["result": "\(result.rawValue)", "uid": "\(review.uid)"]
        if case .pod(_, let namespace) = review.subject { metadata["namespace"] = "\(namespace)" }
        if let pod = review.podName { metadata["pod"] = "\(pod)" }
        switch decision {
        case .admitted(let outcome):
            metadata["endpoints"] = "\(outcome.endpoints.joined(separator: ","))"
            metadata["warnings"] = .stringConvertible(outcome.warnings.count)
        case .denied(let denial):
            metadata["reason"] = "\(denial.code.reason)"
            metadata["code"] = "\(denial.errorCode)"
        }
        logger.log(level: result == .injected ? .info : .notice, "admission review", metadata: metadata)
    }
}

extension AdmissionDecision {
    fileprivate var result: WebhookMetrics.Result {
        switch self {
        case .denied: .denied
        case .admitted(let outcome):
            if !outcome.patch.isEmpty { .injected } else { outcome.warnings.isEmpty ? .unchanged : .warned }
        }
    }
}
