import FoundationEssentials
import GatewayCore
import GatewayPluginAPI
import GatewayTestSupport
import HTTPTypes
import Hummingbird
import JOSE
import JSON
import Logging
import NIOCore
import Synchronization

@testable import GatewayServer

/// Two endpoints of the example provider with the real responder, a local token reviewer and a recorded log.
struct ExampleGateway {
    static let now = Date(timeIntervalSince1970: 1_778_251_200)

    let cluster = TestCluster(key: TestKeys.ec)
    let responder: GatewayResponder
    let endpoints: [MountedEndpoint]
    let log: RecordedJSONLog
    let rings: KeyRingReplicas
    let audit = RecordedAudit()
    let prometheus = PrometheusMetrics()
    let metrics: GatewayMetrics

    struct Unusable: Error {
        let problems: [ConfigurationProblem]
    }

    init(
        reviewer: (any TokenReviewing)? = nil, bodyLimit: Int = 65_536, acceptsAPIServerAudience: Bool = false
    ) throws {
        let configuration = try Self.configuration(acceptsAPIServerAudience: acceptsAPIServerAudience)
        try self.init(configuration: configuration, reviewer: reviewer, bodyLimit: bodyLimit)
    }

    init(
        configuration: GatewayConfiguration, reviewer: (any TokenReviewing)? = nil, bodyLimit: Int = 65_536
    ) throws {
        let log = RecordedJSONLog()
        self.log = log
        let rings = KeyRingReplicas(
            store: FakeDocumentStore(),
            scheduler: Scheduler(now: { Self.now }, monotonic: { 0 }, random: { 0.5 }, sleep: { _ in }),
            logger: log.logger)
        self.rings = rings
        let keySet = cluster.keySet
        let cache = KeySetCache(maximumAge: 300, minimumInterval: 60) { () throws(TokenReviewFailure) in keySet }
        let reviewer = reviewer ?? LocalTokenReviewer(keys: cache, issuer: cluster.issuer) { _ in }
        endpoints = try configuration.endpoints.map { endpoint in
            let algorithm = endpoint.endpoint.algorithm
            let key = algorithm == .rs256 ? TestKeys.rsa : try SigningKey.generate(algorithm)
            let certificate = try KeyCertificate.selfSigned(
                for: key, endpoint: endpoint.name, from: Self.now, lifetime: 86_400)
            let ring = KeyRing(
                endpoint: endpoint.name, owner: "owner",
                keys: [KeyRing.Key(signingKey: key, state: .active, created: Self.now, certificate: certificate)])
            let keys = rings.mount(
                endpoint, found: .success(Stored(ring, version: DocumentVersion(rawValue: "1"))))
            return MountedEndpoint(
                configuration: endpoint, keys: keys, reviewer: reviewer, signatures: FakeSignatures())
        }
        metrics = GatewayMetrics(factory: prometheus, endpoints: configuration.endpoints, version: "test")
        responder = GatewayResponder(
            table: .tokens(endpoints, caBundle: { "-----BEGIN CERTIFICATE-----\n" }, clock: { Self.now }),
            maximumBodyBytes: bodyLimit,
            decisions: DecisionReporting(metrics: metrics, audit: audit, clock: { Self.now }),
            logger: log.logger)
    }

    /// The responder of the admin listener.
    func admin(
        publication: PublicationStatuses, replica: AdminRoutes.ReplicaState = .init()
    ) -> GatewayResponder {
        GatewayResponder(
            table: .admin(
                AdminRoutes.checks(
                    of: endpoints, rings: rings, publication: publication, replica: replica,
                    times: ProblemTimes(clock: { Self.now })),
                metrics: MetricsRoutes(metrics: prometheus) {},
                status: StatusRoutes(hosts: []) { ExampleStatus.report },
                chains: { ["-----BEGIN CERTIFICATE-----\n"] }),
            maximumBodyBytes: 1_024, decisions: nil, logger: log.logger)
    }

    /// The first endpoint has a publisher, the second has none.
    static func configuration(acceptsAPIServerAudience: Bool = false) throws -> GatewayConfiguration {
        try configuration(of: [
            endpoint(
                "one", "RS256", publish: ["shelf": "memory"], acceptsAPIServerAudience: acceptsAPIServerAudience),
            endpoint("two", "ES256", acceptsAPIServerAudience: acceptsAPIServerAudience),
        ])
    }

    /// An entry of `sts.endpoints`.
    static func endpoint(
        _ name: String, _ algorithm: String = "ES256", publish: JSONValue = [:], acceptsAPIServerAudience: Bool = false
    ) -> JSONValue {
        [
            "name": .string(name), "plugin": "example", "audience": "https://example.com",
            "path": .string("/\(name)"), "issuer": ["host": .string("\(name).example.com"), "path": "/issuer"],
            "azRules": [["scope": "filter", "constraint": "(namespace=default)"]],
            "subjectToken": [
                "audiences": ["sts-gateway.test.svc"], "acceptApiServerAudience": .bool(acceptsAPIServerAudience),
            ],
            "token": ["algorithm": .string(algorithm)], "publish": publish,
        ]
    }

    static func configuration(of endpoints: [JSONValue]) throws -> GatewayConfiguration {
        try configuration(loading: ["cluster": "test", "sts": ["endpoints": .array(endpoints)]])
    }

    /// The configuration of a whole document.
    static func configuration(loading document: JSONValue) throws -> GatewayConfiguration {
        let (configuration, problems) = ConfigurationLoader.load(
            ConfigurationNode(document), catalog: PluginCatalog(plugins: [ExampleProvider.self]),
            context: ConfigurationContext(namespace: nil, logger: Logger(label: "test")))
        guard let configuration else { throw Unusable(problems: problems) }
        return configuration
    }

    struct Answer {
        let status: Int
        let headers: HTTPFields
        let body: [UInt8]

        var text: String { String(decoding: body, as: UTF8.self) }

        func json<Value: Decodable>(_ type: Value.Type = Value.self) throws -> Value {
            try JSONDecoder().decode(type, from: Data(body))
        }
    }

    func send(
        _ method: HTTPRequest.Method, _ path: String, host: String = "gateway.test", headers: HTTPFields = [:],
        body: String = "", streaming stream: RequestBody? = nil, to other: GatewayResponder? = nil
    ) async throws -> Answer {
        var fields = headers
        if !body.isEmpty { fields[.contentLength] = String(body.utf8.count) }
        let head = HTTPRequest(method: method, scheme: "https", authority: host, path: path, headerFields: fields)
        let response = try await (other ?? responder).respond(
            to: head, body: stream ?? RequestBody(buffer: ByteBuffer(string: body)), from: "192.0.2.1")
        let recorded = RecordedBody()
        try await response.body.write(RecordedBody.Writer(body: recorded))
        return Answer(status: response.status.code, headers: response.headers, body: recorded.bytes.withLock { $0 })
    }

    func exchange(_ endpoint: String, token: String, adding parameters: String = "") async throws -> Answer {
        try await exchange(path: "/\(endpoint)", token: token, adding: parameters)
    }

    func exchange(path: String, token: String, adding parameters: String = "") async throws -> Answer {
        try await send(
            .post, "\(path)/token", headers: [.contentType: "application/x-www-form-urlencoded"],
            body: "grant_type=\(TokenRequestReader.grantType)&subject_token_type=\(TokenRequestReader.jwtType)"
                + "&subject_token=\(token)\(parameters)")
    }

    private final class RecordedBody: Sendable {
        let bytes = Mutex<[UInt8]>([])

        struct Writer: ResponseBodyWriter {
            let body: RecordedBody

            mutating func write(_ buffer: ByteBuffer) async throws {
                body.bytes.withLock { $0.append(contentsOf: buffer.readableBytesView) }
            }

            consuming func finish(_ trailingHeaders: HTTPFields?) async throws {}
        }
    }
}

/// A logger that records its lines.
final class RecordedJSONLog: Sendable {
    private let recorded = Mutex("")

    var text: String { recorded.withLock { $0 } }

    var logger: Logger {
        Logger(label: "test") { label in
            JSONLogHandler(label: label, logLevel: .trace) { [self] line in recorded.withLock { $0 += line } }
        }
    }
}

/// An audit sink that records.
final class RecordedAudit: AuditSink {
    private let recorded = Mutex<[AuditRecord]>([])
    private let keptPublications = Mutex<[PublicationRecord]>([])

    var records: [AuditRecord] { recorded.withLock { $0 } }

    func record(_ record: AuditRecord) { recorded.withLock { $0.append(record) } }

    func record(_ record: PublicationRecord) { keptPublications.withLock { $0.append(record) } }

    var publications: [PublicationRecord] { keptPublications.withLock { $0 } }
}
