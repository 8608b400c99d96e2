import CoreMetrics
import FoundationEssentials
import GatewayCore
import GatewayPluginAPI
import JOSE
import Synchronization

/// The metrics of one endpoint. It has the handlers of its series without the labels, and histograms from their first
/// observation on, so that thousands of endpoints need little memory.
final class EndpointMetrics: Sendable {
    private struct Labels: Hashable {
        let route: AuditRecord.CallRoute
        let outcome: AuditRecord.Decision
    }

    private struct Publication: Hashable {
        /// The value of the label `document`.
        let document: String
        let result: PublicationRound.Result.Kind
    }

    private let endpoint: String
    private let factory: any MetricsFactory
    private let issued: any CounterHandler
    private let authorized: any CounterHandler
    private let denied: any CounterHandler
    private let apiServerAudience: any CounterHandler
    private let durations = Mutex<[Labels: any TimerHandler]>([:])
    private let keyStates: [(state: KeyRing.State, meter: any MeterHandler)]
    private let keyAge: any MeterHandler
    private let publications: [Publication: any CounterHandler]
    private let lastPublication: any MeterHandler
    private let matches: any MeterHandler

    init(_ endpoint: EndpointConfiguration, factory: any MetricsFactory) {
        self.endpoint = endpoint.name
        self.factory = factory
        let name = ("endpoint", endpoint.name)
        func counter(_ label: String, _ more: [(String, String)] = []) -> any CounterHandler {
            factory.makeCounter(label: label, dimensions: [name] + more)
        }
        func meter(_ label: String, _ more: [(String, String)] = []) -> any MeterHandler {
            factory.makeMeter(label: label, dimensions: [name] + more)
        }
        issued = counter(
            "sts_tokens_issued_total",
            [("plugin", endpoint.pluginID.rawValue), ("algorithm", endpoint.endpoint.algorithm.rawValue)])
        authorized = counter("sts_authorization_total", [("decision", "allowed")])
        denied = counter("sts_authorization_total", [("decision", "denied")])
        apiServerAudience = counter("sts_apiserver_audience_tokens_total")
        keyStates = KeyRing.State.allCases.map { ($0, meter("sts_key_state", [("state", $0.rawValue)])) }
        keyAge = meter("sts_key_age_seconds")
        var publications: [Publication: any CounterHandler] = [:]
        for document in endpoint.issuer.documents where endpoint.publisher != nil {
            for result in PublicationRound.Result.Kind.allCases {
                publications[Publication(document: document.label, result: result)] = counter(
                    "sts_publish_total", [("document", document.label), ("result", result.rawValue)])
            }
        }
        self.publications = publications
        lastPublication = meter("sts_publish_last_success_timestamp_seconds")
        lastPublication.set(Double.nan)
        matches = meter("sts_published_matches")
        matches.set(Double.nan)
    }

    func record(_ record: AuditRecord) {
        duration(of: Labels(route: record.request.route, outcome: record.decision))
            .recordNanoseconds(Int64(clamping: Int(max(0, record.latency / .nanoseconds(1)))))
        switch record.decision {
        case .issued, .allowed:
            if record.decision == .issued { issued.increment(by: 1) }
            authorized.increment(by: 1)
            if record.request.usesAPIServerAudience { apiServerAudience.increment(by: 1) }
        case .unissuable: authorized.increment(by: 1)
        case .denied: denied.increment(by: 1)
        case .invalidToken, .invalidTarget, .invalidRequest, .unavailable, .limited, .failed: break
        }
    }

    private func duration(of labels: Labels) -> any TimerHandler {
        durations.withLock { durations in
            if let existing = durations[labels] { return existing }
            let new = factory.makeTimer(
                label: "sts_token_request_duration_seconds",
                dimensions: [
                    ("endpoint", endpoint), ("route", labels.route.rawValue), ("outcome", labels.outcome.rawValue),
                ])
            durations[labels] = new
            return new
        }
    }

    /// Removes the gauges of a removed endpoint. Its counters stay, since Prometheus counters must not disappear.
    func destroyGauges() {
        for meter in keyStates.map(\.meter) + [keyAge, lastPublication, matches] { factory.destroyMeter(meter) }
    }

    func record(_ outcome: PublicationRound.Outcome) {
        publications[Publication(document: outcome.document.kind.label, result: outcome.result.kind)]?.increment(by: 1)
    }

    func observe(_ status: PublicationStatus) {
        lastPublication.set(status.lastSuccess?.timeIntervalSince1970 ?? .nan)
        matches.set(status.verdict.map { $0.isMatch ? 1 : 0 } ?? .nan)
    }

    /// - Parameter signing: the active key; nil where there is none, and then the key age is NaN.
    func observe(_ keys: [KeyRing.Key], signing: KeyRing.Key?, at now: Date) {
        for (state, meter) in keyStates { meter.set(Int64(keys.count { $0.state == state })) }
        let age = signing.map { max(0, now.timeIntervalSince($0.created)) }
        keyAge.set(age ?? .nan)
    }
}

extension IssuerDocumentKind {
    /// The value of the metric label `document`.
    fileprivate var label: String {
        switch self {
        case .keys: "certs"
        case .namedKeys: "jwks"
        case .discovery: "openid-configuration"
        }
    }
}
