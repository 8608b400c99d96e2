import FoundationEssentials
import GatewayCore
import GatewayServer
import JSON

/// Compares the certificate that each replica serves with the CA bundle of the webhook configurations, as the API server
/// verifies it: chain, name and times.
struct WebhookCertificateCheck: Sendable {
    let context: DoctorContext
    let lookup: WorkloadLookup

    private static let check = "serving certificate"

    /// The chains in PEM that the replicas serve, by Pod; nil where a replica does not show them.
    func served() async -> Result<[(pod: String, chains: [String]?)], CommandFailure> {
        guard let space = context.namespace else { return .success([]) }
        let pages = ReplicaPages(context: context, lookup: lookup)
        do throws(CommandFailure) {
            var served: [(pod: String, chains: [String]?)] = []
            for pod in try await pages.pods(in: space).filter(\.isReady).prefix(ReplicaPages.maximumPods) {
                served.append((pod.name, try await chains(of: pod, pages)))
            }
            return .success(served)
        } catch {
            return .failure(error)
        }
    }

    /// - Returns: nil where the replica does not answer, or does not know the page.
    private func chains(
        of pod: WorkloadPod, _ pages: ReplicaPages
    ) async throws(CommandFailure) -> [String]? {
        do throws(CommandFailure) {
            let text = try await pages.text(of: pod, ServingChainReview.path)
            let chains = (try? JSONValue(parsing: Array(text.utf8)))?["chains"]?.elementList
            return chains?.compactMap(\.stringValue)
        } catch  where error.missingPermission == nil {
            return nil
        }
    }

    /// - Parameter bundles: of the webhooks of the endpoint, in PEM.
    func findings(
        _ served: Result<[(pod: String, chains: [String]?)], CommandFailure>, _ bundles: [String],
        _ endpoint: EndpointConfiguration
    ) async -> [DoctorFinding] {
        let replicas: [(pod: String, chains: [String]?)]
        switch served {
        case .success(let found): replicas = found
        case .failure(let failure):
            let finding = DoctorFinding.failure(.webhook, Self.check, of: endpoint.name, failure)
            return [
                finding.status == .notChecked
                    ? finding
                    : .notChecked(.webhook, Self.check, of: endpoint.name, failure.cause, advice: failure.advice)
            ]
        }
        guard let host, !replicas.isEmpty else {
            return [.notChecked(.webhook, Self.check, of: endpoint.name, "needs a ready replica, and its namespace")]
        }
        var findings: [DoctorFinding] = []
        var end = Date.distantFuture
        for (pod, chains) in replicas {
            guard let chains else {
                findings.append(
                    .notChecked(
                        .webhook, Self.check, of: endpoint.name,
                        "needs \(ServingChainReview.path) of the admin listener of \(pod), which does not answer",
                        advice: "update a gateway that is older than this command"))
                continue
            }
            for bundle in bundles {
                let review = ServingChainReview(chains: chains, bundle: bundle, host: host)
                let (notAfter, problems) = await review.review(at: context.now)
                findings += problems.map { finding($0, pod, host, endpoint) }
                if let notAfter { end = min(end, notAfter) }
            }
        }
        guard findings.isEmpty else { return findings }
        return [
            .ok(
                .webhook, Self.check, of: endpoint.name,
                "chains to the CA bundle, is for \(host), and is valid until \(end.formatted(.iso8601))")
        ]
    }

    /// The name by which the API server calls the webhook.
    private var host: String? {
        context.namespace.map { "\(context.configuration.injection.webhook.service).\($0).svc" }
    }

    private func finding(
        _ problem: ServingChainReview.Problem, _ pod: String, _ host: String, _ endpoint: EndpointConfiguration
    ) -> DoctorFinding {
        func failed(_ code: ErrorCode, _ cause: String, _ advice: String) -> DoctorFinding {
            .failed(.webhook, Self.check, of: endpoint.name, code, "\(pod): \(cause)", advice: advice)
        }
        let times = "see the renewal of serving certificates in the leader's log, or renew tls.certificates"
        switch problem {
        case .malformed(let what):
            return failed(.webhookUntrusted, "\(what) is not PEM", "see caBundle in the leader's log")
        case .untrusted:
            return failed(
                .webhookUntrusted, "the certificate does not chain to a CA of the CA bundle",
                "see caBundle not written in the leader's log; with cert-manager check its CA injector")
        case .name(let names):
            return failed(
                .webhookCertificateName,
                "the certificate is for \(names.joined(separator: ", ")), and the API server calls \(host)",
                "add the name to the certificate of tls.certificates, or to tls.names")
        case .expired(let end):
            return failed(.servingCertificateTime, "the certificate has expired at \(end.formatted(.iso8601))", times)
        case .notYetValid(let start):
            return failed(
                .servingCertificateTime, "the certificate is valid from \(start.formatted(.iso8601)) on",
                "synchronize the clocks (NTP)")
        case .expiresSoon(let end):
            return .warning(
                .webhook, Self.check, of: endpoint.name, .servingCertificateTime,
                "\(pod): the certificate expires at \(end.formatted(.iso8601)), in less than a tenth of its life",
                advice: times)
        }
    }
}
