import FoundationEssentials
import GatewayCore
import Testing

@Suite("The CA that every sidecar must have")
struct RequiredAuthorityTests {
    private let policy = ServingPolicy(names: ExampleIdentity.names, timeToLive: 900)
    private let day = 86_400.0

    private func required(_ identity: ServingIdentity, at seconds: Double) -> RequiredAuthority? {
        identity.requiredAuthority(at: ExampleIdentity.at(seconds), policy: policy)
    }

    private func announced(_ reason: ServingIdentity.Reason, at seconds: Double) throws -> ServingIdentity {
        try ExampleIdentity.identity().announcing(
            try ExampleIdentity.authority("two", .next, reason: reason, from: ExampleIdentity.at(seconds)),
            answering: nil)
    }

    @Test("Without an announced CA it is the issuing one")
    func issuing() throws {
        let identity = try ExampleIdentity.identity()
        #expect(
            required(identity, at: 0)
                == RequiredAuthority(
                    id: try #require(identity.issuing?.id), certificatePEM: ExampleIdentity.pem("one"), begin: nil))
    }

    @Test(
        "A CA that was requested, or has other names, is required from its announcement on",
        arguments: [ServingIdentity.Reason.requested, .names])
    func requested(reason: ServingIdentity.Reason) throws {
        let identity = try announced(reason, at: day)
        let authority = try #require(required(identity, at: day))
        #expect(authority.id == identity.next?.id)
        let begin = try #require(authority.begin)
        #expect(begin == ExampleIdentity.at(day + 4_500))
        let evidence = ServingEvidence(webhooks: .notManaged)
        let before = identity.nextStep(at: begin.addingTimeInterval(-1), policy: policy, evidence: evidence)
        #expect(before == .wait(.overlap(authority.id), until: begin))
        let at = identity.nextStep(at: begin, policy: policy, evidence: evidence)
        #expect(at == .activate(authority.id, ExampleIdentity.names))
    }

    @Test("A CA that replaces an old one is required in the last thirty days before it issues")
    func age() throws {
        let begin = 8 * 365 * day
        let identity = try announced(.age, at: begin)
        let issues = try #require(identity.issuing.map { _ in begin + 365 * day + 900 })
        #expect(required(identity, at: issues - 30 * day - 1)?.id == identity.issuing?.id)
        let authority = try #require(required(identity, at: issues - 30 * day))
        #expect(authority.id == identity.next?.id && authority.begin == ExampleIdentity.at(issues))
    }

    @Test("A CA bundle has the CA whatever its line breaks are, and not another one")
    func trusted() throws {
        let authority = try #require(required(try ExampleIdentity.identity(), at: 0))
        let (one, two) = (ExampleIdentity.pem("one"), ExampleIdentity.pem("two"))
        #expect(authority.isTrusted(by: two + one))
        #expect(authority.isTrusted(by: (two + one).split(separator: "\n").joined(separator: "\r\n")))
        #expect(!authority.isTrusted(by: two) && !authority.isTrusted(by: ""))
    }
}
