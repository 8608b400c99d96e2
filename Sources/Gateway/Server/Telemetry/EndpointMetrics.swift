import CoreMetrics
import FoundationEssentials
import GatewayCore
import GatewayPluginAPI
import JOSE

/// The metrics of one endpoint.
struct EndpointMetrics: Sendable {
    private struct Labels: Hashable {
        let route: AuditRecord.CallRoute
        let outcome: AuditRecord.Decision
    }

    private struct Publication: Hashable {
        /// The value of the label `document`.
        let document: String
        let result: PublicationRound.Result.Kind
    }

    private let issued: Counter
    private let authorized: Counter
    private let denied: Counter
    private let apiServerAudience: Counter
    private let durations: [Labels: CoreMetrics.Timer]
    private let keyStates: [KeyRing.State: Meter]
    private let keyAge: Meter
    private let publications: [Publication: Counter]
    private let lastPublication: Meter
    private let matches: Meter

    init(_ endpoint: EndpointConfiguration, factory: any MetricsFactory) {
        let name = ("endpoint", endpoint.name)
        func counter(_ label: String, _ more: [(String, String)] = []) -> Counter {
            Counter(label: label, dimensions: [name] + more, factory: factory)
        }
        issued = counter(
            "sts_tokens_issued_total",
            [("plugin", endpoint.pluginID.rawValue), ("algorithm", endpoint.endpoint.algorithm.rawValue)])
        authorized = counter("sts_authorization_total", [("decision", "allowed")])
        denied = counter("sts_authorization_total", [("decision", "denied")])
        apiServerAudience = counter("sts_apiserver_audience_tokens_total")
        var durations: [Labels: CoreMetrics.Timer] = [:]
        for route in AuditRecord.CallRoute.allCases {
            for outcome in AuditRecord.Decision.allCases {
                durations[Labels(route: route, outcome: outcome)] = CoreMetrics.Timer(
                    label: "sts_token_request_duration_seconds",
                    dimensions: [name, ("route", route.rawValue), ("outcome", outcome.rawValue)], factory: factory)
            }
        }
        self.durations = durations
        keyStates = KeyRing.State.allCases.reduce(into: [:]) { meters, state in
            meters[state] = Meter(
                label: "sts_key_state", dimensions: [name, ("state", state.rawValue)], factory: factory)
        }
        keyAge = Meter(label: "sts_key_age_seconds", dimensions: [name], factory: factory)
        var publications: [Publication: Counter] = [:]
        for document in endpoint.issuer.documents where endpoint.publisher != nil {
            for result in PublicationRound.Result.Kind.allCases {
                publications[Publication(document: document.label, result: result)] = counter(
                    "sts_publish_total", [("document", document.label), ("result", result.rawValue)])
            }
        }
        self.publications = publications
        lastPublication = Meter(
            label: "sts_publish_last_success_timestamp_seconds", dimensions: [name], factory: factory)
        lastPublication.set(Double.nan)
        matches = Meter(label: "sts_published_matches", dimensions: [name], factory: factory)
        matches.set(Double.nan)
    }

    func record(_ record: AuditRecord) {
        durations[Labels(route: record.request.route, outcome: record.decision)]?
            .recordNanoseconds(Int64(clamping: Int(max(0, record.latency / .nanoseconds(1)))))
        switch record.decision {
        case .issued, .allowed:
            if record.decision == .issued { issued.increment() }
            authorized.increment()
            if record.request.usesAPIServerAudience { apiServerAudience.increment() }
        case .unissuable: authorized.increment()
        case .denied: denied.increment()
        case .invalidToken, .invalidTarget, .invalidRequest, .unavailable, .limited, .failed: break
        }
    }

    /// Removes the gauges of a removed endpoint. Its counters stay, since Prometheus counters must not disappear.
    func destroyGauges() {
        for meter in Array(keyStates.values) + [keyAge, lastPublication, matches] { meter.destroy() }
    }

    func record(_ outcome: PublicationRound.Outcome) {
        publications[Publication(document: outcome.document.kind.label, result: outcome.result.kind)]?.increment()
    }

    func observe(_ status: PublicationStatus) {
        lastPublication.set(status.lastSuccess?.timeIntervalSince1970 ?? .nan)
        matches.set(status.verdict.map { $0.isMatch ? 1 : 0 } ?? .nan)
    }

    /// - Parameter signing: the active key; nil where there is none, and then the key age is NaN.
    func observe(_ keys: [KeyRing.Key], signing: KeyRing.Key?, at now: Date) {
        for (state, meter) in keyStates { meter.set(keys.count { $0.state == state }) }
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
