import FoundationEssentials
import GatewayCore
import GatewayPluginAPI
import GatewayPluginTesting
import GatewayTestSupport
import JOSE
import JSON
import Synchronization
import Testing

@Suite("The hand-over of an endpoint's keys")
struct EndpointKeyHandOverTests {
    private let clock = ManualClock(now: ExampleEndpoint.now)
    private let recipient = FakeRecipient()
    private let new: SigningKey

    init() throws { new = try SigningKey.generate(.es256) }

    private func handOver(
        _ confirmation: KeyHandOver.Confirmation = .readBack, takeOver: Bool = false, isDryRun: Bool = false,
        leads: @escaping @Sendable (IssuerDocuments) async -> Bool = { _ in true },
        mayOverwrite: @escaping @Sendable (IssuerDocuments) -> Bool = { _ in false }
    ) -> EndpointKeyHandOver {
        EndpointKeyHandOver(
            recipient, confirmation: confirmation, interval: 300, repetition: 600, takeOver: takeOver,
            isDryRun: isDryRun,
            ports: .init(
                renewLease: leads,
                trialToken: { [new, clock] keyID throws(PublishError) in
                    guard keyID == new.keyID,
                        let token = try? SignedJWT.sign(
                            ["iat": .integer(Int(clock.now.timeIntervalSince1970))], with: new)
                    else { throw PublishError(.unavailable, "another key") }
                    return token
                }, mayOverwrite: mayOverwrite, now: { [clock] in clock.now }, random: { 1 }))
    }

    /// The old key signs; the new one is prepared, or published at a time.
    private func ring(published: Double? = nil, propagation: Int = 60, revoked: [KeyRing.RevokedKey] = []) throws
        -> (ring: KeyRing, documents: IssuerDocuments)
    {
        let ring = KeyRing(
            endpoint: "one", owner: "owner", revision: 2,
            keys: [
                try ExampleEndpoint.ring(TestKeys.ec).keys[0],
                KeyRing.Key(
                    signingKey: new, state: published == nil ? .prepared : .published, created: ExampleEndpoint.now,
                    certificate: try ExampleEndpoint.certificate(),
                    published: published.map { ExampleEndpoint.now.addingTimeInterval($0) }),
            ], revoked: revoked, location: "party")
        var policy = try ExampleEndpoint.configuration([.init("token", ["algorithm": "ES256"])]).rotationPolicy
        policy.propagation = propagation
        let issuer = try ExampleEndpoint.configuration().issuer
        return (
            ring,
            IssuerDocuments(ring: ring, issuer: issuer, privateClaimNames: [], readingDue: ring.readingDue(policy))
        )
    }

    private func key() throws -> JSONWebKey { try SigningKey.generate(.es256).publicKey }

    @Test("Keys are written once, and only the reading a lease period after the write confirms them")
    func confirmation() async throws {
        let (ring, documents) = try ring()
        var handOver = handOver()
        var report = await handOver.step(documents)
        #expect(report.outcomes.map(\.result) == [.written])
        #expect(recipient.keyIDs == documents.keyIDs)
        #expect(report.next == clock.now.addingTimeInterval(15))
        #expect(report.status.evidence?.isSettled == false)
        let policy = try ExampleEndpoint.configuration([.init("token", ["algorithm": "ES256"])]).rotationPolicy
        func next(_ evidence: PublicEvidence?) -> RotationStep {
            ring.nextStep(at: clock.now, policy: policy, evidence: evidence)
        }
        #expect(
            next(report.status.evidence) == .wait(.publication(new.keyID, since: ExampleEndpoint.now), until: nil))
        clock.advance(by: 14)
        report = await handOver.step(documents)
        #expect(report.outcomes.isEmpty)
        clock.advance(by: 1)
        report = await handOver.step(documents)
        #expect(report.outcomes.map(\.result) == [.unchanged])
        #expect(report.status.verdict == .holds && report.status.problem == nil)
        #expect(next(report.status.evidence) == .markPublished(new.keyID, at: clock.now))
        // An unchanged set is not sent again.
        for _ in 0..<5 {
            clock.advance(by: 300)
            _ = await handOver.step(documents)
        }
        #expect(recipient.writes.count == 1)
    }

    @Test("A process that finds the keys there waits for a lease period too")
    func newLeader() async throws {
        let (_, documents) = try ring()
        recipient.keys = documents.keySet
        var handOver = handOver()
        var report = await handOver.step(documents)
        #expect(report.status.evidence?.isSettled == false && report.status.evidence?.served == documents.keyIDs)
        clock.advance(by: 15)
        report = await handOver.step(documents)
        #expect(report.status.evidence?.isSettled == true)
        #expect(recipient.writes.isEmpty)
    }

    @Test("A leader that was suspended between read and write cannot renew its lease, and writes nothing")
    func suspendedBeforeRenewal() async throws {
        let (_, documents) = try ring()
        var handOver = handOver(leads: { _ in false })
        let report = await handOver.step(documents)
        #expect(recipient.writes.isEmpty)
        #expect(report.status.failure?.contains("does not lead") == true)
    }

    @Test("A late write of a former leader is found by the second reading, and repaired; the key does not sign")
    func lateWrite() async throws {
        let (ring, documents) = try ring()
        let old = try IssuerDocuments.example(keys: [TestKeys.ec])
        // Suspended after the renewal of its lease, until the next leader has read back.
        let isResumed = AsyncStream.makeStream(of: Void.self)
        let recipient = recipient
        recipient.beforeNextWrite { for await _ in isResumed.stream { break } }
        var former = handOver()
        let late = Task { await former.step(old) }
        while recipient.isUntouchedByWriter { await Task.yield() }
        var handOver = handOver()
        var report = await handOver.step(documents)
        #expect(report.outcomes.map(\.result) == [.written] && recipient.keyIDs == documents.keyIDs)
        isResumed.continuation.yield()
        _ = await late.value
        #expect(recipient.keyIDs == [TestKeys.ec.keyID])
        clock.advance(by: 15)
        report = await handOver.step(documents)
        #expect(report.outcomes.map(\.result) == [.written] && recipient.keyIDs == documents.keyIDs)
        #expect(report.status.evidence?.isSettled == false)
        let policy = try ExampleEndpoint.configuration([.init("token", ["algorithm": "ES256"])]).rotationPolicy
        let step = ring.nextStep(at: clock.now, policy: policy, evidence: report.status.evidence)
        #expect(step == .wait(.publication(new.keyID, since: ExampleEndpoint.now), until: nil))
        clock.advance(by: 15)
        report = await handOver.step(documents)
        #expect(report.status.evidence?.isSettled == true)
    }

    @Test("Of two clusters with one provider the second one stops, until it takes over; then the first one stops")
    func twoClusters() async throws {
        let (_, mine) = try ring()
        let theirs = try IssuerDocuments.example(owner: "other", keys: [TestKeys.rsa])
        var first = handOver()
        var second = handOver()
        _ = await first.step(mine)
        var report = await second.step(theirs)
        guard case .rejected(.foreignKeys(let found))? = report.outcomes.first?.result else {
            Issue.record("\(report.outcomes)")
            return
        }
        #expect(found == mine.keySet.keys.map { "the key \($0.keyID)" })
        #expect(report.status.failure?.contains("publish --take-over") == true)
        #expect(recipient.keyIDs == mine.keyIDs)
        var taking = handOver(takeOver: true)
        report = await taking.step(theirs)
        #expect(report.outcomes.map(\.result) == [.written] && recipient.keyIDs == theirs.keyIDs)
        clock.advance(by: 15)
        report = await first.step(mine)
        #expect(report.outcomes.first?.result.kind == .rejected && recipient.keyIDs == theirs.keyIDs)
        #expect(report.status.evidence?.served == [])
    }

    @Test("Two clusters that write at the same time: the one that wrote first stops")
    func twoClustersAtOnce() async throws {
        let (_, mine) = try ring()
        let theirs = try IssuerDocuments.example(owner: "other", keys: [TestKeys.rsa])
        let recipient = recipient
        var first = handOver()
        // Both have found nothing.
        var second = handOver(leads: { [recipient] _ in
            recipient.keys = mine.keySet
            return true
        })
        var report = await second.step(theirs)
        #expect(report.outcomes.map(\.result) == [.written])
        report = await first.step(mine)
        #expect(report.outcomes.first?.result.kind == .rejected && recipient.keyIDs == theirs.keyIDs)
    }

    @Test("Another bound issuer, or an OIDC client, is a foreign owner even where all keys are the ring's")
    func foreignConfiguration() async throws {
        let (_, documents) = try ring()
        recipient.keys = documents.keySet
        recipient.foreign = [#"bound_issuer "https://other.example.com""#]
        var handOver = handOver()
        let report = await handOver.step(documents)
        #expect(report.outcomes.map(\.result) == [.rejected(.foreignKeys(recipient.foreign))])
        #expect(recipient.writes.isEmpty && report.status.evidence?.isSettled == false)
    }

    @Test("A key that the ring held before is not foreign; it is removed")
    func formerKey() async throws {
        let former = try key()
        let (ring, _) = try ring()
        let remembering = KeyRing(
            endpoint: ring.endpoint, owner: ring.owner, revision: 2, keys: ring.keys, handedOver: [former.keyID])
        let issuer = try ExampleEndpoint.configuration().issuer
        recipient.keys = JSONWebKeySet(keys: [former])
        var handOver = handOver()
        let report = await handOver.step(
            IssuerDocuments(ring: remembering, issuer: issuer, privateClaimNames: []))
        #expect(report.outcomes.map(\.result) == [.written] && !recipient.keyIDs.contains(former.keyID))
    }

    @Test(
        "After a revocation foreign keys are replaced where this ring has handed over its keys last, by the leader only"
    )
    func overwriting() async throws {
        let revoked = KeyRing.RevokedKey(kid: TestKeys.rsa.keyID, revoked: ExampleEndpoint.now)
        let (_, documents) = try ring(revoked: [revoked])
        recipient.keys = JSONWebKeySet(keys: [try key()])
        var follower = handOver()
        #expect(await follower.step(documents).outcomes.first?.result.kind == .rejected)
        var leader = handOver(mayOverwrite: { $0 == documents })
        let report = await leader.step(documents)
        #expect(report.outcomes.first?.isOverwritten == true && recipient.keyIDs == documents.keyIDs)
    }

    @Test("Where only a trial confirms, a key that is stored but does not verify is not published")
    func trial() async throws {
        let (ring, documents) = try ring()
        var handOver = handOver(.trial)
        _ = await handOver.step(documents)
        recipient.isTrialAccepted = false
        clock.advance(by: 15)
        var report = await handOver.step(documents)
        #expect(recipient.trialTokens.count == 1)
        #expect(report.status.verdict == .rejects(new.keyID) && report.status.problem != nil)
        #expect(report.status.evidence?.served == [TestKeys.ec.keyID])
        let policy = try ExampleEndpoint.configuration([.init("token", ["algorithm": "ES256"])]).rotationPolicy
        #expect(
            ring.nextStep(at: clock.now, policy: policy, evidence: report.status.evidence)
                == .wait(.visibility(new.keyID, since: ExampleEndpoint.now), until: nil))
        recipient.isTrialAccepted = true
        clock.advance(by: 60)
        report = await handOver.step(documents)
        #expect(report.status.evidence?.served == documents.keyIDs)
        // Not repeated until the last reading before the key signs.
        let (_, published) = try self.ring(published: 75, propagation: 600)
        let before = recipient.trialTokens.count
        report = await handOver.step(published)
        #expect(recipient.trialTokens.count == before && report.status.evidence?.served == documents.keyIDs)
        clock.advance(by: 600)
        report = await handOver.step(published)
        #expect(recipient.trialTokens.count == before + 1 && report.status.evidence?.isSettled == true)
    }

    @Test("An unchanged set whose trial stays rejected is written once more, and not again")
    func repetition() async throws {
        let (_, documents) = try ring()
        var handOver = handOver(.trial)
        recipient.isTrialAccepted = false
        var writes: [Double] = []
        while clock.now < ExampleEndpoint.now.addingTimeInterval(3_600) {
            let report = await handOver.step(documents)
            if report.outcomes.map(\.result) == [.written] {
                writes.append(clock.now.timeIntervalSince(ExampleEndpoint.now))
            }
            #expect(
                report.status.evidence?.served.contains(new.keyID) == false
                    || report.status.evidence?.isSettled == false)
            clock.advance(by: report.next.timeIntervalSince(clock.now))
        }
        // The first trial is 15 seconds after the first write; trials follow each minute.
        #expect(writes == [0, 615] && recipient.writes.count == 2)
        recipient.isTrialAccepted = true
        let report = await handOver.step(documents)
        #expect(report.status.evidence?.served == documents.keyIDs && recipient.writes.count == 2)
    }

    @Test(
        "An upload that fails, or is accepted but stored otherwise, is no evidence, and is repeated with backoff",
        arguments: [true, false])
    func badUpload(isDamaged: Bool) async throws {
        let (_, documents) = try ring()
        var handOver = handOver()
        recipient.keys = JSONWebKeySet(keys: [TestKeys.ec.publicKey])
        if isDamaged { recipient.damages = true }
        for _ in 0..<3 {
            if !isDamaged {
                // The reading works, the write does not.
                recipient.failAfter(1, PublishError(.unavailable, "away"))
            }
            let report = await handOver.step(documents)
            #expect(report.outcomes.first?.result.kind == .failed)
            #expect(report.status.evidence?.isSettled == false)
            #expect(report.status.evidence?.served == [TestKeys.ec.keyID])
            clock.advance(by: report.next.timeIntervalSince(clock.now))
        }
        recipient.damages = false
        #expect(await handOver.step(documents).outcomes.map(\.result) == [.written])
    }

    @Test("A dry run reports what it would hand over, and writes nothing")
    func dryRun() async throws {
        let (_, documents) = try ring()
        var handOver = handOver(isDryRun: true)
        let report = await handOver.step(documents)
        #expect(report.outcomes.map(\.result) == [.stale] && recipient.writes.isEmpty)
        #expect(report.status.problem?.contains("does not hold") == true)
    }
}
