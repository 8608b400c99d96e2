import CoreMetrics
import Foundation
import GatewayCore
import GatewayPluginAPI
import GatewayTestSupport
import HTTPTypes
import Logging
import NIOCore
import Testing

@testable import GatewayServer

@Suite("The gateway's metrics")
struct GatewayMetricsTests {
    private let backend = PrometheusMetrics()
    private let endpoints: [EndpointConfiguration]
    private let metrics: GatewayMetrics

    init() throws {
        endpoints = try ExampleGateway.configuration().endpoints
        metrics = GatewayMetrics(factory: backend, endpoints: endpoints, version: "1.2.3")
    }

    private func record(
        _ outcome: AuditRecord.Outcome, endpoint: String = "one", route: AuditRecord.CallRoute = .tokenUser,
        usesAPIServerAudience: Bool = false
    ) {
        var request = AuditRecord.Request(id: "0", endpoint: endpoint, route: route, remoteAddress: nil)
        request.usesAPIServerAudience = usesAPIServerAudience
        metrics.record(
            AuditRecord(
                outcome, of: request, policy: AccessPolicy(rules: []), at: ExampleGateway.now,
                latency: .milliseconds(3)))
    }

    private let identity = WorkloadIdentity(
        cluster: "test", namespace: "default", serviceAccount: .init(name: "web", uid: nil), pod: nil, node: nil,
        groups: [], credentialID: nil)

    private func lines(_ beginning: String) -> [String] {
        backend.text.split(separator: "\n").map(String.init).filter { $0.hasPrefix(beginning) }
    }

    @Test("Counters start at zero, and the build info is exposed")
    func start() {
        #expect(
            lines("sts_tokens_issued_total") == [
                #"sts_tokens_issued_total{endpoint="one",plugin="example",algorithm="RS256"} 0"#,
                #"sts_tokens_issued_total{endpoint="two",plugin="example",algorithm="ES256"} 0"#,
            ])
        #expect(lines("sts_authorization_total").count == 4)
        #expect(lines("sts_build_info{version=\"1.2.3\",").first?.hasSuffix(" 1") == true)
        #expect(lines("sts_token_request_duration_seconds").isEmpty)
    }

    @Test("An endpoint has the histograms of the outcomes that it has had, and no others in memory")
    func histograms() {
        func count() -> Int? {
            backend.ordered.first { $0.family.name == "sts_token_request_duration_seconds" }?.entries.count
        }
        #expect(count() == 0)
        for _ in 0..<2 {
            record(.refused(.deniedByPolicy(identity)))
            record(.refused(.deniedByPolicy(identity)), route: .token)
        }
        #expect(count() == 2)
        #expect(lines("sts_token_request_duration_seconds_count").allSatisfy { $0.hasSuffix(" 2") })
    }

    @Test("An issued token counts as issued and allowed, with its endpoint and duration")
    func issued() async throws {
        let gateway = try ExampleGateway()
        let subject = try SubjectToken(parsing: gateway.cluster.token(at: ExampleGateway.now))
        let issued = try await gateway.endpoints[0].exchange.exchange(
            TokenExchangeRequest(wire: .tokenExchange, subjectToken: subject), at: ExampleGateway.now,
            tokenID: TokenID(randomBits: (1, 2)))
        record(.issued(issued), route: .token)
        #expect(lines("sts_tokens_issued_total{endpoint=\"one\"").first?.hasSuffix(" 1") == true)
        #expect(lines("sts_tokens_issued_total{endpoint=\"two\"").first?.hasSuffix(" 0") == true)
        #expect(lines(#"sts_authorization_total{endpoint="one",decision="allowed"}"#).first?.hasSuffix(" 1") == true)
        let labels = #"endpoint="one",route="token",outcome="issued""#
        let duration = "sts_token_request_duration_seconds"
        #expect(lines("\(duration)_bucket{\(labels),le=\"0.0025\"}").first?.hasSuffix(" 0") == true)
        #expect(lines("\(duration)_bucket{\(labels),le=\"0.005\"}").first?.hasSuffix(" 1") == true)
        #expect(lines("\(duration)_sum") == ["\(duration)_sum{\(labels)} 0.003"])
    }

    @Test("A denial counts as an authorization decision, an invalid token does not")
    func denied() {
        record(.refused(.deniedByPolicy(identity)))
        record(.refused(.invalidSubjectToken(.expired)))
        #expect(lines(#"sts_authorization_total{endpoint="one",decision="denied"}"#).first?.hasSuffix(" 1") == true)
        #expect(lines(#"sts_authorization_total{endpoint="one",decision="allowed"}"#).first?.hasSuffix(" 0") == true)
        #expect(lines("sts_token_request_duration_seconds_count").count == 2)
    }

    @Test("Accepted tokens with the API server's audience are counted")
    func apiServerAudience() {
        record(.allowed(identity, rule: 0), usesAPIServerAudience: true)
        record(.allowed(identity, rule: 0))
        record(.refused(.deniedByPolicy(identity)), usesAPIServerAudience: true)
        #expect(lines(#"sts_apiserver_audience_tokens_total{endpoint="one"}"#).first?.hasSuffix(" 1") == true)
    }

    @Test("An unknown endpoint has no series")
    func unknownEndpoint() {
        let before = backend.text
        record(.allowed(identity, rule: 0), endpoint: "unknown")
        #expect(backend.text == before)
    }

    @Test("Each review event has a series", arguments: TokenReviewEvent.allCases)
    func reviews(event: TokenReviewEvent) {
        let before = lines("sts_tokenreview_")
        #expect(before.count == TokenReviewEvent.allCases.count && before.allSatisfy { $0.hasSuffix(" 0") })
        metrics.observe(event)
        #expect(lines("sts_tokenreview_").count { $0.hasSuffix(" 1") } == 1)
    }

    @Test("The key states and the age of the active key are exposed, and no age without an active key")
    func keys() throws {
        let snapshot = try ExampleGateway().endpoints[0].keys.snapshot
        metrics.observe(snapshot, of: "one", at: ExampleGateway.now.addingTimeInterval(90))
        #expect(lines("sts_key_state").count == KeyRing.State.allCases.count)
        #expect(
            lines("sts_key_state").filter { $0.hasSuffix(" 1") } == [#"sts_key_state{endpoint="one",state="active"} 1"#]
        )
        #expect(lines("sts_key_age_seconds") == [#"sts_key_age_seconds{endpoint="one"} 90"#])
        metrics.observe(
            SigningKeySnapshot(failure: .unavailable("gone")), of: "one", at: ExampleGateway.now)
        #expect(lines("sts_key_state").allSatisfy { $0.hasSuffix(" 0") })
        #expect(lines("sts_key_age_seconds").isEmpty)
    }

    private var published: PublicationStatus {
        var status = PublicationStatus(location: "location")
        status.lastSuccess = ExampleGateway.now
        status.verdict = .matches
        return status
    }

    @Test("The last publication and the match of the public URL are exposed when they are known")
    func publication() throws {
        #expect(lines("sts_publish_last_success_timestamp_seconds").isEmpty)
        #expect(lines("sts_published_matches").isEmpty)
        metrics.observe(published, of: "one")
        #expect(
            lines("sts_publish_last_success_timestamp_seconds")
                == [#"sts_publish_last_success_timestamp_seconds{endpoint="one"} 1778251200"#])
        #expect(lines("sts_published_matches") == [#"sts_published_matches{endpoint="one"} 1"#])
        var status = published
        status.verdict = .ownResponse
        metrics.observe(status, of: "one")
        #expect(lines("sts_published_matches") == [#"sts_published_matches{endpoint="one"} 0"#])
        metrics.observe(PublicationStatus(), of: "one")
        #expect(lines("sts_published_matches").isEmpty)
    }

    @Test("The result for each published document is counted, for endpoints with a publisher")
    func publishedDocuments() throws {
        #expect(lines("sts_publish_total").count == 2 * PublicationRound.Result.Kind.allCases.count)
        let ring = KeyRing(endpoint: "one", owner: "owner", keys: [])
        let documents = IssuerDocuments(ring: ring, keys: [2], discovery: [1])
        for document in documents.all {
            metrics.record(PublicationRound.Outcome(document: document, result: .written), of: "one")
            metrics.record(PublicationRound.Outcome(document: document, result: .unchanged), of: "two")
        }
        #expect(
            lines("sts_publish_total").filter { !$0.hasSuffix(" 0") }.sorted() == [
                #"sts_publish_total{endpoint="one",document="certs",result="written"} 1"#,
                #"sts_publish_total{endpoint="one",document="openid-configuration",result="written"} 1"#,
            ])
    }

    @Test("The gauges of a removed endpoint are removed; its counters stay")
    func removed() throws {
        let keys = try ExampleGateway().endpoints[0].keys.snapshot
        metrics.observe(keys, of: "one", at: ExampleGateway.now)
        metrics.observe(published, of: "one")
        metrics.removeGauges(of: "one")
        for family in ["sts_key_state", "sts_key_age_seconds", "sts_published_matches"] {
            #expect(lines(family).filter { $0.contains(#"endpoint="one""#) }.isEmpty, "\(family)")
        }
        #expect(!lines("sts_tokens_issued_total").filter { $0.contains(#"endpoint="one""#) }.isEmpty)
        GatewayMetrics(factory: backend, endpoints: endpoints, version: "test").observe(
            keys, of: "one", at: ExampleGateway.now)
        #expect(lines("sts_key_age_seconds").filter { $0.contains(#"endpoint="one""#) }.count == 1)
    }

    @Test("Every declared metric has a series when it has a value")
    func complete() throws {
        record(.allowed(identity, rule: 0))
        metrics.observe(try ExampleGateway().endpoints[0].keys.snapshot, of: "one", at: ExampleGateway.now)
        metrics.observe(published, of: "one")
        ReloadMetrics(factory: backend).count(.applied)
        WebhookMetrics(factory: backend).record(.injected, latency: .milliseconds(1))
        PodEventMetrics(factory: backend).count(.written)
        ConnectionMetrics(factory: backend, listener: "admin").count(.waiting)
        let pods = UninjectedPodMetrics(factory: backend)
        pods.set(["one": [.missing: 1]])
        pods.podsWithoutCA(RecordedJSONLog().logger).report(
            .init(), without: RequiredAuthority(id: "a", certificatePEM: "", begin: nil))
        AdmissionPolicyMetric(factory: backend).set(1)
        for family in GatewayMetrics.families {
            #expect(backend.text.contains("# TYPE \(family.name) \(family.type)\n"), "\(family.name)")
        }
    }

    @Test("Evicted connections are counted by listener and reason")
    func evictions() {
        ConnectionMetrics(factory: backend, listener: "tokens").count(.share)
        let admin = ConnectionMetrics(factory: backend, listener: "admin")
        admin.count(.waiting)
        admin.count(.waiting)
        #expect(
            lines("sts_connections_evicted_total").sorted() == [
                #"sts_connections_evicted_total{listener="admin",reason="full"} 0"#,
                #"sts_connections_evicted_total{listener="admin",reason="share"} 0"#,
                #"sts_connections_evicted_total{listener="admin",reason="waiting"} 2"#,
                #"sts_connections_evicted_total{listener="tokens",reason="full"} 0"#,
                #"sts_connections_evicted_total{listener="tokens",reason="share"} 1"#,
                #"sts_connections_evicted_total{listener="tokens",reason="waiting"} 0"#,
            ])
    }

    @Test("Metrics that are created again with the same backend continue")
    func again() {
        metrics.audited(.written, count: 2)
        GatewayMetrics(factory: backend, endpoints: endpoints, version: "1.2.3").audited(.written)
        #expect(lines("sts_audit_records_total{result=\"written\"}").first?.hasSuffix(" 3") == true)
    }

    @Test("docs/metrics.md lists every metric with its type and labels")
    func documented() throws {
        var root = URL(filePath: #filePath)
        for _ in 0..<5 { root.deleteLastPathComponent() }
        let page = try String(contentsOf: root.appending(path: "docs/metrics.md"), encoding: .utf8)
        for family in GatewayMetrics.families {
            let labels = family.labels.map { "`\($0)`" }.joined(separator: ", ")
            #expect(page.contains("| `\(family.name)` | \(family.type) | \(labels) |"), "\(family.name)")
        }
        let rows = page.split(separator: "\n").filter { $0.hasPrefix("| `sts_") }
        let names = rows.compactMap { $0.split(separator: "`").dropFirst().first }.filter { !$0.contains("{") }
        #expect(names.map(String.init) == GatewayMetrics.families.map(\.name))
    }

    @Test("GET /metrics updates the gauges and responds with the text")
    func route() async throws {
        var table = RouteTable()
        MetricsRoutes(metrics: backend) { [metrics] in metrics.audited(.failed) }.add(to: &table)
        let gateway = try ExampleGateway()
        let responder = GatewayResponder(
            table: table, maximumBodyBytes: 1024, decisions: nil, logger: gateway.log.logger)
        let answer = try await gateway.send(.get, "/metrics", to: responder)
        #expect(answer.status == 200)
        #expect(answer.headers[.contentType] == "text/plain; version=0.0.4; charset=utf-8")
        #expect(answer.text.contains("sts_audit_records_total{result=\"failed\"} 1\n"))
        #expect(try await gateway.send(.post, "/metrics", to: responder).status == 405)
    }
}
