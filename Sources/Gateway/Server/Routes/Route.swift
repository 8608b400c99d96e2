import GatewayCore
import HTTPTypes
import Hummingbird

/// A handler, with the methods that its path supports.
struct Route: Sendable {
    /// A route's name in the access log. A closed set: nothing of a request is in it.
    enum Name: Sendable, Hashable {
        case tokenCall(AuditRecord.CallRoute)
        case discovery, certs, issuerDocs, caBundle
        case webhook
        case livez, readyz, metrics, status, servingCertificates

        var text: String {
            switch self {
            case .tokenCall(let route): route.rawValue
            case .discovery: "discovery"
            case .certs: "certs"
            case .issuerDocs: "issuer-docs"
            case .caBundle: "ca-bundle"
            case .webhook: "webhook"
            case .livez: "livez"
            case .readyz: "readyz"
            case .metrics: "metrics"
            case .status: "status"
            case .servingCertificates: "serving-certificates"
            }
        }
    }

    let name: Name
    /// The endpoint's name; nil for a route of the gateway as a whole.
    let endpoint: String?
    let methods: [HTTPRequest.Method]
    /// Throws a ``RequestError``, which has its own response, or another error, which becomes a 500.
    let handle: @Sendable (GatewayRequest) async throws -> RouteOutcome

    /// A route that decides about its callers.
    init(
        _ name: Name, endpoint: String, methods: [HTTPRequest.Method],
        decide: @escaping @Sendable (GatewayRequest) async throws -> RouteOutcome
    ) {
        self.name = name
        self.endpoint = endpoint
        self.methods = methods
        handle = decide
    }

    /// A route that answers every caller the same way.
    init(
        _ name: Name, endpoint: String? = nil, methods: [HTTPRequest.Method],
        respond: @escaping @Sendable (GatewayRequest) async throws -> Response
    ) {
        self.name = name
        self.endpoint = endpoint
        self.methods = methods
        handle = { RouteOutcome(response: try await respond($0), decision: nil) }
    }
}

/// What a route did with a request.
struct RouteOutcome: Sendable {
    let response: Response
    /// nil where the route decides nothing about its caller.
    let decision: TokenCallDecision?
}

/// What the access log, the metrics and the audit record of a token call.
struct TokenCallDecision: Sendable {
    let route: AuditRecord.CallRoute
    /// The endpoint's name.
    let endpoint: String
    /// The endpoint's policy.
    let policy: AccessPolicy
    let outcome: AuditRecord.Outcome
    /// Whether the subject token can be valid only for the API server's own audience.
    let usesAPIServerAudience: Bool
}
