import CoreMetrics
import FoundationEssentials
import GatewayCore
import GatewayPluginAPI
import JOSE

/// The metrics of one endpoint.
struct EndpointMetrics: Sendable {
    private struct Answer: Hashable {
        let route: AuditRecord.Route
        let outcome: AuditRecord.Decision
    }

    private let issued: Counter
    private let authorized: Counter
    private let denied: Counter
    private let apiServerAudience: Counter
    private let durations: [Answer: CoreMetrics.Timer]
    private let keyStates: [KeyRing.State: Meter]
    private let keyAge: Meter

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
        var durations: [Answer: CoreMetrics.Timer] = [:]
        for route in AuditRecord.Route.allCases {
            for outcome in AuditRecord.Decision.allCases {
                durations[Answer(route: route, outcome: outcome)] = CoreMetrics.Timer(
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
    }

    func record(_ record: AuditRecord) {
        durations[Answer(route: record.request.route, outcome: record.decision)]?
            .recordNanoseconds(Int64(clamping: Int(max(0, record.latency / .nanoseconds(1)))))
        switch record.decision {
        case .issued, .allowed:
            if record.decision == .issued { issued.increment() }
            authorized.increment()
            if record.request.usesAPIServerAudience { apiServerAudience.increment() }
        case .unissuable: authorized.increment()
        case .denied: denied.increment()
        case .invalidToken, .invalidTarget, .invalidRequest, .unavailable, .failed: break
        }
    }

    /// The age is that of the key that signs; without one there is none to tell.
    func observe(_ keys: [KeyRing.Key], at now: Date) {
        for (state, meter) in keyStates { meter.set(keys.count { $0.state == state }) }
        let age = keys.first { $0.state == .active }.map { max(0, now.timeIntervalSince($0.created)) }
        keyAge.set(age ?? .nan)
    }
}
