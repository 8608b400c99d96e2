import FoundationEssentials
import GatewayCore
import Testing

@Suite("A serving identity that was written by a clock that was ahead")
struct ServingIdentityClockTests {
    private func identity(ca: Double, certificate: Double) throws -> ServingIdentity {
        ServingIdentity(
            owner: "owner", authorities: [try ExampleIdentity.authority("one", from: ExampleIdentity.at(ca))],
            certificate: ExampleIdentity.certificate("leaf", from: ExampleIdentity.at(certificate)),
            maximumTokenLifetime: 900)
    }

    private func problem(_ identity: ServingIdentity) -> ServingTimeProblem? {
        identity.timeProblem(at: ExampleIdentity.now)
    }

    @Test("What is not yet valid is found: the CA before its certificate, then the announced one and creation times")
    func problems() throws {
        #expect(problem(try identity(ca: 0, certificate: 0)) == nil)
        #expect(problem(try identity(ca: 1, certificate: 1)) == .authorityNotYetValid)
        #expect(problem(try identity(ca: 0, certificate: 1)) == .certificateNotYetValid)
        let next = try ExampleIdentity.authority("two", .next, from: ExampleIdentity.at(1))
        #expect(problem(try identity(ca: 0, certificate: 0).announcing(next, answering: nil)) == .nextNotYetValid)
    }

    @Test("A CA that is not yet valid is replaced with its certificate, under the same owner and the next revision")
    func replaced() throws {
        let ahead = try identity(ca: 2 * 86_400, certificate: 2 * 86_400)
        let new = ahead.replacingAuthority(
            with: try ExampleIdentity.authority("three"), certificate: ExampleIdentity.certificate("new"))
        #expect(problem(new) == nil && new.authorities.count == 1)
        #expect(new.owner == ahead.owner && new.revision == ahead.revision + 1)
    }

    @Test("An announced CA that is not yet valid is removed; the issuing one stays")
    func next() throws {
        let next = try ExampleIdentity.authority("two", .next, from: ExampleIdentity.at(86_400))
        let repaired = try identity(ca: 0, certificate: 0).announcing(next, answering: nil)
            .repairingTimes(at: ExampleIdentity.now)
        #expect(problem(repaired) == nil && repaired.next == nil && repaired.issuing != nil)
    }
}
