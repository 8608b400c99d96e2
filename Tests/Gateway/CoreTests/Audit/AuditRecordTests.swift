import FoundationEssentials
import GatewayCore
import GatewayTestSupport
import JOSE
import JSON
import Testing

@Suite("Audit records")
struct AuditRecordTests {
    @Test("An issued token's record has workload, Pod, aud, kid, jti, exp, rule and latency")
    func issued() async throws {
        let token = try await AuditRecord.sampleToken()
        let json = try AuditRecord.sample(.issued(token)).json
        #expect(json["audit"] == 1)
        #expect(json["time"] == "2026-05-08T14:40:00.250Z")
        #expect(json["request_id"] == "00ff00ff00ff00ff")
        #expect(json["endpoint"] == "one")
        #expect(json["route"] == "token")
        #expect(json["decision"] == "issued")
        #expect(json["reason"] == nil)
        #expect(json["rule"] == ["index": 0, "text": "filter (namespace=default)"])
        #expect(json["workload"]?["namespace"] == "default")
        #expect(json["workload"]?["saname"] == "web")
        #expect(json["workload"]?["pod-name"] == "web-0")
        #expect(json["workload"]?["endpoint"] == nil)
        #expect(json["token"]?["aud"] == ["https://example.com"])
        #expect(json["token"]?["sub"] == .string(token.subject))
        #expect(json["token"]?["kid"] == .string(token.keyID.rawValue))
        #expect(json["token"]?["jti"] == "AAAAAAAAAAAAAAAAAAAAAA")
        #expect(json["token"]?["exp"] == .integer(Int(ExampleEndpoint.now.timeIntervalSince1970) + token.lifetime))
        #expect(json["remote"] == "192.0.2.1")
        #expect(json["latency_us"] == 1234)
    }

    @Test("A rejection has the reason, and the workload if it was authenticated; no token and no rule")
    func refused() throws {
        let denied = try AuditRecord.sample(.refused(.deniedByPolicy(AuditRecord.sampleIdentity)))
        #expect(denied.decision == .denied)
        #expect(try denied.json["reason"] == "no rule allows it")
        #expect(try denied.json["workload"]?["namespace"] == "shop")
        #expect(try denied.json["workload"]?["pod-name"] == nil)
        #expect(try denied.json["token"] == nil && denied.json["rule"] == nil)

        let invalid = try AuditRecord.sample(.refused(.invalidSubjectToken(.expired)))
        #expect(invalid.decision == .invalidToken)
        #expect(try invalid.json["reason"] == "expired")
        #expect(try invalid.json["workload"] == nil)
    }

    @Test("A record has what the rules in audit mode would decide, for authenticated requests")
    func auditRules() throws {
        let rule = try AccessRule(scope: "filter", constraint: "(namespace=shop)", mode: .audit)
        let policy = AccessPolicy(rules: [rule])
        let denied = try AuditRecord.sample(.refused(.deniedByPolicy(AuditRecord.sampleIdentity)), policy: policy)
        #expect(denied.decision == .denied)
        #expect(try denied.json["audit_rules"] == ["decision": "allowed", "index": 0])
        #expect(try AuditRecord.sample(.refused(.invalidTarget), policy: policy).json["audit_rules"] == nil)
        let enforced = try AuditRecord.sample(.allowed(AuditRecord.sampleIdentity, rule: 0))
        #expect(try enforced.json["audit_rules"] == nil)
    }

    @Test("Every decision has an outcome")
    func complete() async throws {
        let decisions = Set(try await AuditRecord.samples().map(\.decision))
        #expect(decisions == Set(AuditRecord.Decision.allCases))
    }

    @Test("No line contains a part of the issued token, or a line break")
    func secrets() async throws {
        let token = try await AuditRecord.sampleToken()
        let text = try AuditRecord.sample(.issued(token)).line
        for part in token.compact.split(separator: ".") { #expect(!text.contains(part)) }
        #expect(!String(reflecting: try AuditRecord.sample(.issued(token))).contains(token.compact))
        for record in try await AuditRecord.samples() { #expect(!record.line.contains("\n")) }
    }

    @Test("A rule that the policy does not have any more is recorded by its index")
    func lostRule() throws {
        let record = try AuditRecord.sample(.allowed(AuditRecord.sampleIdentity, rule: 7), .signingCertificate)
        #expect(try record.json["rule"] == ["index": 7])
    }

    @Test(
        "acceptApiServerAudience is recorded where the token has none of the endpoint's audiences",
        arguments: [
            (["https://kubernetes.default.svc"], true, TokenExchangeRequest.Wire.bearer, true),
            (["https://kubernetes.default.svc"], true, .tokenExchange, false),
            (["https://kubernetes.default.svc"], false, .bearer, false),
            (["https://kubernetes.default.svc", "sts-gateway.test.svc"], true, .bearer, false),
        ])
    func apiServerAudience(
        audiences: [String], isAccepted: Bool, wire: TokenExchangeRequest.Wire, expected: Bool
    ) throws {
        let subject = try SubjectToken(
            parsing: TestCluster(key: TestKeys.ec).token(at: ExampleEndpoint.now) { $0.audiences = audiences })
        let policy = try ExampleEndpoint.configuration([
            .init(
                "subjectToken",
                ["audiences": ["sts-gateway.test.svc"], "acceptApiServerAudience": .bool(isAccepted)])
        ]).subjectToken
        #expect(TokenExchangeRequest(wire: wire, subjectToken: subject).usesAPIServerAudience(policy) == expected)
    }
}
