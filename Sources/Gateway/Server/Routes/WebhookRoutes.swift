import GatewayCore
import HTTPTypes
import Hummingbird
import KubernetesAPI
import Logging

/// `POST /k8s/webhooks/v1/injector-<name>` for each endpoint, where the API server has Pods reviewed
/// (admission.k8s.io). Every path injects every endpoint that a Pod is labelled for.
///
/// Whoever reaches the listener may ask, but for where client certificates are asked for: an answer holds nothing that
/// is secret, and a review changes nothing here.
struct WebhookRoutes: Sendable {
    static func path(of endpoint: String) -> String { "/k8s/webhooks/v1/injector-\(endpoint)" }

    private let admission: PodAdmission
    private let limiter: AdmissionLimiter
    private let metrics: WebhookMetrics
    private let logger: Logger

    /// - Parameters:
    ///   - namespace: the gateway's own; nil where it is not known.
    ///   - version: the gateway's, which is that of the sidecar where the configuration names no image.
    ///   - trust: PEM certificates that Pods are to trust, asked for each review; nil where their own do.
    ///   - serverVersion: the API server's; nil until it is known.
    ///   - serviceAccounts: asked where the configuration says so; nil where there is no API server.
    init(
        endpoints: [EndpointConfiguration], injection: GatewayConfiguration.Injection, namespace: String?,
        version: String, trust: @escaping @Sendable () -> String?,
        serverVersion: @escaping @Sendable () -> KubernetesVersion?,
        serviceAccounts: (any ServiceAccountAnnotationReading)?, limiter: AdmissionLimiter, metrics: WebhookMetrics,
        logger: Logger
    ) {
        admission = PodAdmission(
            endpoints: endpoints, injection: injection, namespace: namespace, standardImage: "sts-sidecar:\(version)",
            trust: trust, serverVersion: serverVersion,
            serviceAccounts: injection.readsServiceAccounts ? serviceAccounts ?? UnreadableServiceAccounts() : nil,
            logger: logger)
        self.limiter = limiter
        self.metrics = metrics
        self.logger = logger
    }

    func add(to table: inout RouteTable) {
        for endpoint in admission.endpoints {
            table.add(
                Self.path(of: endpoint.name),
                Route(.webhook, endpoint: endpoint.name, methods: [.post]) { request in
                    try await answer(request, by: endpoint.name)
                })
        }
    }

    private func answer(_ request: GatewayRequest, by injector: String) async throws -> Response {
        let start = ContinuousClock.now
        func record(_ result: WebhookMetrics.Result) { metrics.record(result, latency: ContinuousClock.now - start) }
        do {
            // The body is read within, so that those who wait hold none.
            let length = request.head.headerFields[.contentLength].flatMap(Int.init)
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
            // An API server tries again by itself, within the time that it gives the webhook.
            return .error(
                .tooManyRequests, "temporarily_unavailable", "too many reviews at a time; try again",
                headers: [.retryAfter: "1"])
        } catch {
            record(.failed)
            throw error
        }
    }

    /// Pods that are left as they are go without a line. Values of annotations are never in one, nor the words that the
    /// author of a Pod reads, which may quote them.
    private func log(_ review: AdmissionReview, _ decision: AdmissionDecision, _ result: WebhookMetrics.Result) {
        guard result != .unchanged else { return }
        var metadata: Logger.Metadata = ["result": "\(result.rawValue)", "uid": "\(review.uid)"]
        if case .pod(_, let namespace) = review.subject { metadata["namespace"] = "\(namespace)" }
        if let pod = review.podName { metadata["pod"] = "\(pod)" }
        switch decision {
        case .admitted(let outcome):
            metadata["endpoints"] = "\(outcome.endpoints.joined(separator: ","))"
            metadata["warnings"] = .stringConvertible(outcome.warnings.count)
        case .denied(let denial): metadata["reason"] = "\(denial.code.reason)"
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
