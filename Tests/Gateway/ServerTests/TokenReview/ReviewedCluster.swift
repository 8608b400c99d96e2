import FakeKubernetesAPI
import FoundationEssentials
import GatewayCore
import GatewayPluginTesting
import GatewayTestSupport
import JSON
import KubernetesTestSupport
import Logging
import ServiceLifecycle

@testable import GatewayServer

/// A fake API server, the real reviewer, and endpoints with several audiences and rules that share it.
struct ReviewedCluster {
    static let start = Date(timeIntervalSince1970: 1_778_251_200)
    static let reviews = FakeKubernetesAPI.tokenReviews

    let api: FakeKubernetesAPI
    let clock: ManualClock
    /// The time of the calls to the API server.
    let time: TestScheduler
    let events: KeptEvents
    let exchanges: [String: TokenExchange]

    struct Unusable: Error {
        let problems: [ConfigurationProblem]
    }

    /// How the gateway connects to the API server.
    enum Access {
        case inCluster, kubeconfig
    }

    /// Runs everything while `body` runs, with a Pod `web-0` of the ServiceAccount `default/web`.
    static func run(
        access: Access = .inCluster, limits: TokenReviewLimits = TokenReviewLimits(),
        _ body: (ReviewedCluster) async throws -> Void
    ) async throws {
        let clock = ManualClock(now: start)
        let (time, events) = (TestScheduler(), KeptEvents())
        try await FakeKubernetesAPI.run(clock: { clock.now }, sleep: FakeKubernetesAPI.endless) { api in
            try api.addWorkload()
            let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
            let (reviewer, metadata, services, _) = try KubernetesTokenReviewer.make(
                kubeconfig: access == .kubeconfig ? api.kubeconfig.path : nil,
                environment: [
                    "KUBERNETES_SERVICE_HOST": FakeKubernetesAPI.host, "KUBERNETES_SERVICE_PORT": String(api.port),
                ],
                serviceAccountFolder: api.serviceAccountFolder.path, at: clock.now, limits: limits,
                connection: .patient, scheduler: time.scheduler, logger: logger, observe: events.observer)
            let group = ServiceGroup(
                configuration: .init(services: services.map { .init(service: $0) }, logger: logger))
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                tasks.addTask { try await group.run() }
                do {
                    try await body(
                        ReviewedCluster(
                            api: api, clock: clock, time: time, events: events,
                            exchanges: try exchanges(reviewer, metadata)))
                } catch {
                    api.releaseHanging()
                    await group.triggerGracefulShutdown()
                    throw error
                }
                await group.triggerGracefulShutdown()
                try await tasks.waitForAll()
            }
        }
    }

    private static func exchanges(
        _ reviewer: any TokenReviewing, _ metadata: any WorkloadMetadataReading
    ) throws -> [String: TokenExchange] {
        func endpoint(
            _ name: String, audience: String, rule: String = "(namespace=default)", adding: [JSONValue.Member] = []
        ) -> JSONValue {
            [
                "name": .string(name), "plugin": "example", "audience": "https://example.com",
                "path": .string("/\(name)"), "issuer": ["host": .string("\(name).example.com")],
                "azRules": [["scope": "filter", "constraint": .string(rule)]],
                "subjectToken": .object([.init("audiences", .array([.string(audience)]))] + adding),
                "token": ["algorithm": "ES256"],
            ]
        }
        let document: JSONValue = [
            "cluster": "test",
            "sts": [
                "endpoints": [
                    endpoint("one", audience: "one.test.svc"),
                    endpoint("two", audience: "two.test.svc"),
                    endpoint("strict", audience: "one.test.svc", rule: "(namespace=elsewhere)"),
                    endpoint("podless", audience: "one.test.svc", adding: [.init("requirePod", false)]),
                    endpoint("stock", audience: "stock.test.svc", adding: [.init("acceptApiServerAudience", true)]),
                    endpoint("team", audience: "one.test.svc", rule: "(namespace-label/example.com/team=blue)"),
                    endpoint(
                        "account", audience: "one.test.svc",
                        rule: "(&(namespace=default)(sa-label/tier=gold)(!(sa-annotation/example.com/frozen=yes)))"),
                ]
            ],
        ]
        let (configuration, problems) = ConfigurationLoader.load(
            ConfigurationNode(document), catalog: PluginCatalog(plugins: [ExampleProvider.self]),
            context: ConfigurationContext(namespace: nil, logger: Logger(label: "test")))
        guard let configuration else { throw Unusable(problems: problems) }
        var exchanges: [String: TokenExchange] = [:]
        for endpoint in configuration.endpoints {
            let certificate = try KeyCertificate.selfSigned(
                for: TestKeys.ec, endpoint: endpoint.name, from: start, lifetime: 86_400)
            let ring = KeyRing(
                endpoint: endpoint.name, owner: "owner",
                keys: [KeyRing.Key(signingKey: TestKeys.ec, state: .active, created: start, certificate: certificate)])
            let keys = CurrentSigningKeys(
                SigningKeySnapshot(ring: ring, issuer: endpoint.issuer, privateClaimNames: []))
            exchanges[endpoint.name] =
                MountedEndpoint(
                    configuration: endpoint, keys: keys, reviewer: reviewer, metadata: metadata,
                    signatures: FakeSignatures()
                ).exchange
        }
        return exchanges
    }

    /// The outcome of an exchange.
    enum Outcome: Equatable {
        case issued(subject: String)
        case invalid(SubjectTokenRejection)
        case denied
        case unavailable(retryAfter: Int)
        case other
    }

    func exchange(
        _ token: String, at endpoint: String = "one", wire: TokenExchangeRequest.Wire = .tokenExchange
    ) async throws -> Outcome {
        guard let exchange = exchanges[endpoint] else { return .other }
        do throws(TokenExchangeError) {
            let request = TokenExchangeRequest(wire: wire, subjectToken: try SubjectToken(parsing: token))
            return .issued(
                subject: try await exchange.exchange(
                    request, at: clock.now, tokenID: TokenID(randomBits: (1, 2))
                ).subject)
        } catch {
            switch error {
            case .invalidSubjectToken(let refusal): return .invalid(refusal)
            case .deniedByPolicy: return .denied
            case .reviewUnavailable(let retryAfter, _):
                let answer = OAuthError(error, wire: wire)
                return answer.status == 503 && answer.retryAfter == retryAfter
                    ? .unavailable(retryAfter: retryAfter) : .other
            case .invalidTarget, .unissuable, .noSigningKey, .signingOverloaded, .tooManyCalls: return .other
            }
        }
    }

    /// The number of reviews at the API server.
    var reviewCount: Int { api.requestCount(Self.reviews) }

    static let web = Outcome.issued(subject: "test:default:web")
}
