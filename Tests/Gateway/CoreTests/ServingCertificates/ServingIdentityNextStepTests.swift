import FoundationEssentials
import GatewayCore
import Testing

@Suite("What the serving identity wants next")
struct ServingIdentityNextStepTests {
    private let now = ExampleIdentity.now
    private let policy = ServingPolicy(names: ExampleIdentity.names, timeToLive: 900)
    private let day = 86_400.0

    private func step(
        _ identity: ServingIdentity, at seconds: Double, _ webhooks: ServingEvidence.Webhooks = .nobody,
        request: String? = nil, policy: ServingPolicy? = nil
    ) -> ServingStep {
        identity.nextStep(
            at: ExampleIdentity.at(seconds), policy: policy ?? self.policy,
            evidence: ServingEvidence(webhooks: webhooks, request: request))
    }

    private func announced(
        _ reason: ServingIdentity.Reason = .asked, at seconds: Double = 0, constraint: NameConstraint? = nil
    ) throws -> (ServingIdentity, id: String) {
        let next = try ExampleIdentity.authority(
            "two", .next, reason: reason, constraint: constraint, from: ExampleIdentity.at(seconds))
        return (try ExampleIdentity.identity().announcing(next, answering: "again"), next.id)
    }

    @Test(
        "A leaf is renewed after two thirds of its life, and the authority announced anew after four fifths of its own")
    func ages() throws {
        let identity = try ExampleIdentity.identity()
        #expect(step(identity, at: 0) == .wait(.age, until: ExampleIdentity.at(60 * day)))
        #expect(step(identity, at: 60 * day - 1) == .wait(.age, until: ExampleIdentity.at(60 * day)))
        #expect(step(identity, at: 60 * day) == .renewLeaf(.age, ExampleIdentity.names))
        let due = 8 * 365 * day
        let late = identity.renewing(ExampleIdentity.leaf("late", from: ExampleIdentity.at(due - day)))
        #expect(step(late, at: due - 1) == .wait(.age, until: ExampleIdentity.at(due)))
        #expect(step(late, at: due) == .announce(.age))
    }

    @Test("A leaf that ends with its authority is not renewed again and again")
    func noRenewalWithoutGain() throws {
        let end = 10 * 365 * day
        let identity = try ExampleIdentity.identity().announcing(
            try ExampleIdentity.authority("two", .next, reason: .age, from: ExampleIdentity.at(end - 40 * day)),
            answering: nil
        ).renewing(
            ExampleIdentity.leaf("last", from: ExampleIdentity.at(end - 80 * day), to: ExampleIdentity.at(end)))
        #expect(step(identity, at: end - 31 * day, .unknown).isWait)
        #expect(step(identity, at: end - 26 * day + 1, .trust([:])).isActivation)
    }

    @Test("Other names renew the leaf where its authority may sign for them, and announce another authority where not")
    func names() throws {
        let identity = try ExampleIdentity.identity()
        var changed = policy
        changed.names = CertificateNames(dns: ["sts-gateway.sts.svc", "localhost"], addresses: [])
        #expect(step(identity, at: 1, policy: changed) == .renewLeaf(.names, changed.names))
        changed.names = CertificateNames(dns: ["sts-gateway.sts.svc", "sts.example.com"], addresses: [])
        #expect(step(identity, at: 1, policy: changed) == .announce(.names))
        // Meanwhile the leaf has those names that it may have.
        let next = try ExampleIdentity.authority(
            "two", .next, reason: .names, constraint: NameConstraint(for: changed.names))
        let permitted = CertificateNames(dns: ["sts-gateway.sts.svc"], addresses: [])
        let waiting = identity.announcing(next, answering: nil)
        #expect(step(waiting, at: 1, policy: changed) == .renewLeaf(.names, permitted))
        let renewed = waiting.renewing(ExampleIdentity.leaf("other", names: permitted))
        #expect(step(renewed, at: 1, policy: changed) == .wait(.overlap(next.id), until: ExampleIdentity.at(4_500)))
        #expect(step(renewed, at: 4_500, policy: changed) == .activate(next.id, changed.names))
        // Names that the announced one may not have begin it anew.
        changed.names = CertificateNames(dns: ["sts-gateway.sts.svc", "other.example.com"], addresses: [])
        #expect(step(renewed, at: 2, policy: changed) == .announce(.names))
        let again = renewed.announcing(
            try ExampleIdentity.authority(
                "three", .next, reason: .names, constraint: NameConstraint(for: changed.names)), answering: nil)
        #expect(again.authorities.count == 2 && again[next.id] == nil)
        // An address is a name, too.
        changed.names = CertificateNames(dns: ["sts-gateway"], addresses: [[192, 0, 2, 1]])
        #expect(step(identity, at: 1, policy: changed) == .announce(.names))
    }

    @Test("An authority without a constraint may sign for any name")
    func unconstrained() throws {
        let identity = ServingIdentity(
            owner: "owner", authorities: [try ExampleIdentity.authority("one", constraint: nil)],
            leaf: ExampleIdentity.leaf("leaf"), maximumTokenLifetime: 900)
        var changed = policy
        changed.names = CertificateNames(dns: ["sts.example.com"], addresses: [[192, 0, 2, 1]])
        #expect(step(identity, at: 1, policy: changed) == .renewLeaf(.names, changed.names))
    }

    @Test("A request announces an authority once, whatever its text is")
    func request() throws {
        let identity = try ExampleIdentity.identity()
        #expect(step(identity, at: 1, request: "again") == .announce(.asked))
        let (answered, id) = try announced(at: 1)
        #expect(step(answered, at: 2, request: "again") == .wait(.overlap(id), until: ExampleIdentity.at(4_501)))
        #expect(step(answered, at: 2).isWait)
        #expect(step(answered, at: 2, request: "and again") == .announce(.asked))
    }

    @Test("An announced authority waits for the overlap: an hour, or the longest life of a token, or a week by its age")
    func overlap() throws {
        let (identity, id) = try announced()
        #expect(step(identity, at: 4_499) == .wait(.overlap(id), until: ExampleIdentity.at(4_500)))
        #expect(step(identity, at: 4_500) == .activate(id, ExampleIdentity.names))
        var longer = policy
        longer.timeToLive = 86_400
        #expect(step(identity, at: 4_500, policy: longer) == .recordLife(seconds: 86_400))
        let recorded = identity.recording(life: 86_400)
        // What was promised to a sidecar is not forgotten when tokens become short.
        #expect(step(recorded, at: day + 899) == .wait(.overlap(id), until: ExampleIdentity.at(day + 900)))
        #expect(step(recorded, at: day + 900) == .activate(id, ExampleIdentity.names))
        let (aged, agedID) = try announced(.age)
        #expect(step(aged, at: 7 * day + 899) == .wait(.overlap(agedID), until: ExampleIdentity.at(7 * day + 900)))
        #expect(step(aged, at: 7 * day + 900) == .activate(agedID, ExampleIdentity.names))
    }

    @Test("It issues five seconds after every webhook configuration has it, where there is one")
    func webhooks() throws {
        let (identity, id) = try announced()
        let lastCall = ExampleIdentity.at((10 * 365 - 30) * day)
        let leafDue = ExampleIdentity.at(60 * day)
        #expect(lastCall > leafDue)
        let one = try #require(identity.issuing).id
        for (webhooks, expected) in [
            (ServingEvidence.Webhooks.nobody, ServingStep.activate(id, ExampleIdentity.names)),
            (.unknown, .wait(.webhooks(id), until: leafDue)), (.trust([:]), .wait(.webhooks(id), until: leafDue)),
            (.trust([one: now]), .wait(.webhooks(id), until: leafDue)),
            (
                .trust([id: ExampleIdentity.at(4_996)]), .wait(.webhooks(id), until: ExampleIdentity.at(5_001))
            ), (.trust([id: ExampleIdentity.at(4_995)]), .activate(id, ExampleIdentity.names)),
        ] {
            #expect(step(identity, at: 5_000, webhooks) == expected, "\(webhooks)")
        }
    }

    @Test("Thirty days before an authority's end nothing is waited for any more, and after it not even the overlap")
    func lastCall() throws {
        let end = 10 * 365 * day
        let leaf = ExampleIdentity.leaf("late", from: ExampleIdentity.at(end - 50 * day), to: ExampleIdentity.at(end))
        let (early, id) = try announced(at: end - 60 * day)
        #expect(step(early.renewing(leaf), at: end - 31 * day, .unknown).isWait)
        #expect(step(early.renewing(leaf), at: end - 30 * day, .unknown) == .activate(id, ExampleIdentity.names))
        // Nor is the announced one replaced then, whatever is asked for.
        #expect(step(early.renewing(leaf), at: end - 30 * day, .unknown, request: "more").isActivation)
        #expect(step(early.renewing(leaf), at: end - 30 * day - 1, .unknown, request: "more") == .announce(.asked))
        let (late, lateID) = try announced(at: end - 60)
        let waits = step(late.renewing(leaf), at: end - 50, .unknown)
        #expect(waits == .wait(.overlap(lateID), until: ExampleIdentity.at(end)))
        #expect(step(late.renewing(leaf), at: end) == .activate(lateID, ExampleIdentity.names))
    }

    @Test("The former authority is trusted, without its key, as long as the new one was announced, and is then gone")
    func retirement() throws {
        let (announced, id) = try announced()
        let one = try #require(announced.issuing).id
        let leaf = ExampleIdentity.leaf("new")
        let identity = try #require(
            announced.activating(id, leaf: leaf, at: ExampleIdentity.at(5_000.5), policy: policy))
        #expect(identity.authorities.map(\.id) == [id, one])
        #expect(identity.authorities.map(\.state) == [.issuing, .trusted])
        #expect(identity[one]?.key == nil && identity[one]?.trustedUntil == ExampleIdentity.at(9_501))
        #expect(identity.leaf == leaf && identity.chainPEM == ExampleIdentity.pem("new") + ExampleIdentity.pem("two"))
        #expect(identity.bundle == ExampleIdentity.pem("two") + ExampleIdentity.pem("one"))
        #expect(step(identity, at: 9_500) == .wait(.age, until: ExampleIdentity.at(9_501)))
        #expect(step(identity, at: 9_501) == .remove([one]))
        #expect(identity.removing([one, id]).authorities.map(\.id) == [id])
        #expect(announced.activating("nobody", leaf: leaf, at: now, policy: policy) == nil)
        #expect(identity.activating(id, leaf: leaf, at: now, policy: policy) == nil)
        #expect(identity.revision == announced.revision + 1 && identity.restored.revision == identity.revision + 1)
    }
}

extension ServingStep {
    fileprivate var isWait: Bool { if case .wait = self { true } else { false } }
    fileprivate var isActivation: Bool { if case .activate = self { true } else { false } }
}
