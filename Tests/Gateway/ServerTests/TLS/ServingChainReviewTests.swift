import FoundationEssentials
import GatewayCore
import Testing

@testable import GatewayServer

@Suite("The comparison of a serving certificate with a CA bundle")
struct ServingChainReviewTests {
    private let now = Date(timeIntervalSince1970: 1_800_000_000)
    private let host = "sts-gateway-webhook.sts.svc"

    private func problems(
        _ chains: [String], _ bundle: String, after seconds: Double = 0
    ) async -> [ServingChainReview.Problem] {
        await ServingChainReview(chains: chains, bundle: bundle, host: host)
            .review(at: now.addingTimeInterval(seconds)).problems
    }

    private func chain(_ ca: SelfSignedCA, _ name: String) throws -> String {
        try ca.issue(names: [name], addresses: [], from: now).chainPEM
    }

    @Test("A chain to one of the CAs is trusted; that of another CA, and a certificate as its own CA, are not")
    func trust() async throws {
        let names = CertificateNames(dns: [host], addresses: [])
        let (ca, other) = (
            try SelfSignedCA(from: now, constraint: NameConstraint(for: names)), try SelfSignedCA(from: now)
        )
        let chain = try chain(ca, host)
        #expect(await problems([chain], try other.certificatePEM + ca.certificatePEM) == [])
        #expect(await problems([chain], try other.certificatePEM) == [.untrusted])
        #expect(await problems([chain], "none") == [.malformed("the CA bundle")])
        #expect(await problems([], try ca.certificatePEM) == [.malformed("the served chain")])
        #expect(await problems(["none"], try ca.certificatePEM) == [.malformed("the served chain")])
    }

    @Test("The chain is the one that is served for the name")
    func name() async throws {
        let ca = try SelfSignedCA(from: now)
        let bundle = try ca.certificatePEM
        #expect(await problems([try chain(ca, "one.example")], bundle) == [.name(["one.example"])])
        #expect(await problems([try chain(ca, "one.example"), try chain(ca, host)], bundle) == [])
        #expect(await problems([try chain(ca, "*.sts.svc")], bundle) == [])
    }

    @Test("The times of the certificate are named, and do not hide whether it is trusted")
    func times() async throws {
        let (ca, other) = (try SelfSignedCA(from: now), try SelfSignedCA(from: now))
        let bundle = try ca.certificatePEM
        let chain = try chain(ca, host)
        let end = try #require(
            await ServingChainReview(chains: [chain], bundle: bundle, host: host).review(at: now).notAfter)
        let life = end.timeIntervalSince(now)
        #expect(await problems([chain], bundle, after: life * 0.85) == [])
        #expect(await problems([chain], bundle, after: life * 0.95) == [.expiresSoon(end)])
        #expect(await problems([chain], bundle, after: life + 1) == [.expired(end)])
        #expect(await problems([chain], try other.certificatePEM, after: life + 1) == [.expired(end), .untrusted])
        let early = await problems([chain], bundle, after: -86_400)
        #expect(early == [.notYetValid(now.addingTimeInterval(-SelfSignedCA.leeway))])
    }
}
