import Foundation
import GatewayCore
import GatewayTestSupport
import HTTPTypes
import Hummingbird
import JSON
import NIOCore
import Testing

@testable import GatewayServer

/// Golden records: what machines read in the access log, the audit and the metrics for each way in which a request
/// ends. `Tests/Fixtures/Records/requests.txt` holds them, one block per row.
@Suite("Access log, audit and metrics of a request")
struct RecordedOutcomeTests {
    private typealias Send = (ExampleGateway) async throws -> ExampleGateway.Answer

    @Test("The access log, the audit and the metrics of each outcome match the golden file")
    func golden() async throws {
        let expected = try Self.blocks()
        var names: [String] = []
        for (name, gateway, send) in try Self.rows() {
            names.append(name)
            let answer = try await send(gateway)
            var lines = ["status \(answer.status)"]
            lines += try Self.logged(gateway.log)
            lines += try gateway.audit.records.map { "audit " + Self.masked(try $0.json).text }
            lines += gateway.prometheus.text.split(separator: "\n").filter(Self.isCount).map { "metric \($0)" }
            #expect(lines == expected[name], "\(name)")
        }
        let admission = try ExampleWebhook()
        let answer = try await admission.send(ExampleWebhook.review(ExampleWebhook.pod()))
        let admitted = try ["status \(answer.status)"] + Self.logged(admission.log)
        #expect(admitted == expected["admission review"])
        #expect(Set(names + ["admission review"]) == Set(expected.keys))
    }

    private static func rows() throws -> [(String, ExampleGateway, Send)] {
        let vouching = FakeTokenReviewer(.success(.authenticated(.serviceAccount(audiences: []))))
        let away = FakeTokenReviewer(.failure(TokenReviewFailure(retryAfter: 3, reason: "away")))
        let common = try requests.map { ($0.0, try ExampleGateway(), $0.1) }
        return common + [
            (
                "allowed by the API server's audience",
                try ExampleGateway(reviewer: vouching, acceptsAPIServerAudience: true),
                { try await $0.send(.get, "/one/sig-cert", headers: bearer($0) { $0.audiences = ["elsewhere"] }) }
            ),
            (
                "reviewer is away", try ExampleGateway(reviewer: away),
                { try await $0.exchange("one", token: $0.cluster.token(at: ExampleGateway.now)) }
            ),
        ]
    }

    private static func bearer(
        _ gateway: ExampleGateway, _ change: (inout TestCluster.Claims) -> Void = { _ in }
    ) throws -> HTTPFields {
        [.authorization: "Bearer \(try gateway.cluster.token(at: ExampleGateway.now, change))"]
    }

    private static func losingKeys(_ gateway: ExampleGateway) -> ExampleGateway {
        gateway.endpoints[0].keys.replace(with: SigningKeySnapshot(failure: .unavailable("gone")))
        return gateway
    }

    private static func admin(_ gateway: ExampleGateway) -> GatewayResponder {
        gateway.admin(publication: PublicationStatuses())
    }

    private struct Interrupted: Error {}

    private static var interrupted: RequestBody {
        RequestBody(
            asyncSequence: AsyncThrowingStream<ByteBuffer, any Error> { $0.finish(throwing: Interrupted()) })
    }

    private static var requests: [(String, Send)] {
        let form: HTTPFields = [.contentType: "application/x-www-form-urlencoded"]
        return [
            ("issued", { try await $0.exchange("one", token: $0.cluster.token(at: ExampleGateway.now)) }),
            ("issued by bearer", { try await $0.send(.get, "/two/token/user", headers: bearer($0)) }),
            ("allowed", { try await $0.send(.get, "/one/sig-cert", headers: bearer($0)) }),
            (
                "denied",
                { try await $0.send(.get, "/one/token/user", headers: bearer($0) { $0.namespace = "other" }) }
            ),
            ("expired", { try await $0.send(.get, "/one/sig-cert", headers: bearer($0) { $0.lifetime = -10 }) }),
            (
                "malformed token",
                { try await $0.send(.get, "/one/token/user", headers: [.authorization: "Bearer a.b.c"]) }
            ),
            ("no token", { try await $0.send(.get, "/one/token/user") }),
            (
                "foreign target",
                {
                    try await $0.exchange(
                        "one", token: $0.cluster.token(at: ExampleGateway.now), adding: "&audience=x")
                }
            ),
            ("actor", { try await $0.exchange("one", token: "a", adding: "&actor_token=x") }),
            (
                "large body",
                {
                    try await $0.send(
                        .post, "/one/token", headers: form, body: String(repeating: "a", count: 70_000))
                }
            ),
            ("interrupted body", { try await $0.send(.post, "/one/token", headers: form, streaming: interrupted) }),
            (
                "no key issues",
                { try await losingKeys($0).exchange("one", token: $0.cluster.token(at: ExampleGateway.now)) }
            ),
            ("no key", { try await losingKeys($0).send(.get, "/one/sig-cert", headers: bearer($0)) }),
            ("key set", { try await $0.send(.get, "/one/certs") }),
            ("key set of the host", { try await $0.send(.get, "/issuer/certs", host: "two.example.com") }),
            ("discovery", { try await $0.send(.get, "/one/.well-known/openid-configuration") }),
            ("both documents", { try await $0.send(.head, "/one/issuer-docs") }),
            ("no documents", { try await losingKeys($0).send(.get, "/one/certs") }),
            ("CA bundle", { try await $0.send(.get, "/ca-bundle") }),
            ("another method", { try await $0.send(.get, "/one/token") }),
            ("unknown path", { try await $0.send(.get, "/nowhere") }),
            ("ambiguous path", { try await $0.send(.init(rawValue: "BREW") ?? .get, "/one/%2e%2e/x") }),
            ("liveness", { try await $0.send(.get, "/livez", to: admin($0)) }),
            ("readiness", { try await $0.send(.get, "/readyz", to: admin($0)) }),
            ("scrape", { try await $0.send(.get, "/metrics", to: admin($0)) }),
        ]
    }

    private static func logged(_ log: RecordedJSONLog) throws -> [String] {
        try log.text.split(separator: "\n").map { line in
            "log " + masked(try JSONDecoder().decode(JSONValue.self, from: Data(line.utf8)), dropping: ["time"]).text
        }
    }

    /// Replaces values that differ in each run.
    private static func masked(_ value: JSONValue, dropping dropped: Set<String> = []) -> JSONValue {
        guard case .object(let members) = value else { return value }
        return .object(
            members.filter { !dropped.contains($0.name) }.map { member in
                switch member.name {
                case "request_id", "kid", "jti": .init(member.name, "*")
                case "duration_us", "latency_us": .init(member.name, 0)
                default: .init(member.name, masked(member.value, dropping: []))
                }
            })
    }

    /// The series with a count, except the constant one.
    private static func isCount(_ line: Substring) -> Bool {
        line.hasSuffix(" 1") && !line.contains("_bucket{") && !line.hasPrefix("sts_build_info")
    }

    private static func blocks() throws -> [String: [String]] {
        let file = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../../Fixtures/Records/requests.txt").standardized
        var blocks: [String: [String]] = [:]
        for block in try String(contentsOf: file, encoding: .utf8).split(separator: "\n\n") {
            let lines = block.split(separator: "\n").map(String.init)
            blocks[String(lines[0].dropFirst(2))] = Array(lines.dropFirst())
        }
        return blocks
    }
}
