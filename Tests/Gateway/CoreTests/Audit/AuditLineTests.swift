import FoundationEssentials
import GatewayPluginAPI
import GatewayTestSupport
import JOSE
import JSON
import Testing

@testable import GatewayCore

@Suite("The lines of audit records")
struct AuditLineTests {
    @Test("The line of a record is the text of its value", arguments: 0..<8 as Range<UInt64>)
    func equality(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        for _ in 0..<300 {
            let record = Self.record(using: &random)
            #expect(record.line == record.tree.text)
            #expect(try record.json == record.tree)
        }
    }

    @Test("The line of each kind of response is the text of its value")
    func samples() async throws {
        for record in try await AuditRecord.samples() { #expect(record.line == record.tree.text) }
    }

    @Test("Records are written one after the other, each with a line feed")
    func lines() async throws {
        var output = JSONWriter()
        let records = try await AuditRecord.samples()
        for record in records { record.writeLine(to: &output) }
        #expect(String(decoding: output.utf8Text, as: UTF8.self) == records.map { $0.tree.text + "\n" }.joined())
    }

    private static func record(using random: inout SeededRandom) -> AuditRecord {
        var request = AuditRecord.Request(
            id: text(&random), endpoint: text(&random), route: one(of: AuditRecord.CallRoute.allCases, &random),
            remoteAddress: sometimes(&random, text))
        request.usesAPIServerAudience = Bool.random(using: &random)
        let attributes = sometimes(&random, identity).map { WorkloadAttributes($0, endpoint: request.endpoint) }
        let rules = [
            try? AccessRule(scope: "filter", constraint: "(|(namespace=\\2a*)(saname=é\"))"),
            try? AccessRule(scope: "group", constraint: "\(text(&random))\"\\"), nil,
        ]
        return AuditRecord(
            request: request, time: time(&random), decision: one(of: AuditRecord.Decision.allCases, &random),
            reason: sometimes(&random, text), code: sometimes(&random) { one(of: ErrorCode.allCases, &$0) },
            rule: sometimes(&random) { .init(index: number(&$0), rule: rules[Int.random(in: 0..<3, using: &$0)]) },
            auditDecision: sometimes(&random) { $0.oneIn(2) ? .denied : .allowed(ruleIndex: number(&$0)) },
            attributes: attributes, token: sometimes(&random, token), latency: .nanoseconds(number(&random) - 1_000))
    }

    private static func identity(_ random: inout SeededRandom) -> WorkloadIdentity {
        func object(_ random: inout SeededRandom) -> WorkloadIdentity.ObjectReference {
            .init(name: text(&random), uid: sometimes(&random, text))
        }
        return WorkloadIdentity(
            cluster: text(&random), namespace: text(&random), serviceAccount: object(&random),
            pod: sometimes(&random, object), node: sometimes(&random, object),
            groups: (0..<Int.random(in: 0...3, using: &random)).map { _ in text(&random) },
            credentialID: sometimes(&random, text))
    }

    private static func token(_ random: inout SeededRandom) -> AuditRecord.Token {
        AuditRecord.Token(
            audiences: (0..<Int.random(in: 0...3, using: &random)).map { _ in text(&random) }, subject: text(&random),
            keyID: KeyID(rawValue: text(&random)), tokenID: sometimes(&random) { TokenID(rawValue: text(&$0)) },
            expiration: time(&random))
    }

    /// A time with milliseconds, of this century or the last ones.
    private static func time(_ random: inout SeededRandom) -> Date {
        Date(timeIntervalSince1970: Double(Int.random(in: -100_000_000...9_000_000_000, using: &random)) + 0.25)
    }

    private static func number(_ random: inout SeededRandom) -> Int {
        random.oneIn(4) ? Int.random(in: 0...9, using: &random) : Int.random(in: 0...1_000_000_000, using: &random)
    }

    /// All that JSON escapes, and texts of one and of several code units.
    private static func text(_ random: inout SeededRandom) -> String {
        let pieces = [
            "\"", "\\", "/", "\n", "\r", "\t", "\0", "\u{1F}", "\u{7F}", "é", "e\u{301}", "\u{2028}", "😀", "a", "web",
        ]
        return (0..<Int.random(in: 0...12, using: &random)).map { _ in one(of: pieces, &random) }.joined()
    }

    private static func one<Value>(of values: [Value], _ random: inout SeededRandom) -> Value {
        values[Int.random(in: 0..<values.count, using: &random)]
    }

    private static func sometimes<Value>(
        _ random: inout SeededRandom, _ value: (inout SeededRandom) -> Value
    ) -> Value? { random.oneIn(3) ? nil : value(&random) }
}
