import FoundationEssentials
import GatewayCore
import JSON
import Testing

@Suite("The next step of the serving identity")
struct ServingIdentityNextStepTests {
    private let now = ExampleIdentity.now
    private let policy = ServingPolicy(names: ExampleIdentity.names, timeToLive: 900)
    private let day = 86_400.0

    private func step(
        _ identity: ServingIdentity, at seconds: Double, _ webhooks: ServingEvidence.Webhooks = .notManaged,
        request: String? = nil, policy: ServingPolicy? = nil
    ) -> ServingStep {
        identity.nextStep(
            at: ExampleIdentity.at(seconds), policy: policy ?? self.policy,
            evidence: ServingEvidence(webhooks: webhooks, request: request))
    }

    private func announced(
        _ reason: ServingIdentity.Reason = .requested, at seconds: Double = 0, constraint: NameConstraint? = nil
    ) throws -> (ServingIdentity, id: String) {
        let next = try ExampleIdentity.authority(
            "two", .next, reason: reason, constraint: constraint, from: ExampleIdentity.at(seconds))
        return (try ExampleIdentity.identity().announcing(next, answering: "again"), next.id)
    }

    @Test(
        "A certificate is renewed after two thirds of its lifetime, and a new CA announced after four fifths"
    )
    func ages() throws {
        let identity = try ExampleIdentity.identity()
        #expect(step(identity, at: 0) == .wait(.age, until: ExampleIdentity.at(60 * day)))
        #expect(step(identity, at: 60 * day - 1) == .wait(.age, until: ExampleIdentity.at(60 * day)))
        #expect(step(identity, at: 60 * day) == .renewCertificate(.age, ExampleIdentity.names))
        let due = 8 * 365 * day
        let late = identity.renewing(ExampleIdentity.certificate("late", from: ExampleIdentity.at(due - day)))
        #expect(step(late, at: due - 1) == .wait(.age, until: ExampleIdentity.at(due)))
        #expect(step(late, at: due) == .announce(.age))
    }

    @Test("A certificate that expires with its CA is not renewed repeatedly")
    func noRenewalWithoutGain() throws {
        let end = 10 * 365 * day
        let identity = try ExampleIdentity.identity().announcing(
            try ExampleIdentity.authority("two", .next, reason: .age, from: ExampleIdentity.at(end - 40 * day)),
            answering: nil
        ).renewing(
            ExampleIdentity.certificate("last", from: ExampleIdentity.at(end - 80 * day), to: ExampleIdentity.at(end)))
        #expect(step(identity, at: end - 31 * day, .unknown).isWait)
        #expect(step(identity, at: end - 26 * day + 1, .trust([:])).isActivation)
    }

    @Test(
        "Other names cause a renewal where the CA permits them, and another CA where it does not"
    )
    func names() throws {
        let identity = try ExampleIdentity.identity()
        var changed = policy
        changed.names = CertificateNames(dns: ["sts-gateway.sts.svc", "localhost"], addresses: [])
        #expect(step(identity, at: 1, policy: changed) == .renewCertificate(.names, changed.names))
        changed.names = CertificateNames(dns: ["sts-gateway.sts.svc", "sts.example.com"], addresses: [])
        #expect(step(identity, at: 1, policy: changed) == .announce(.names))
        // Meanwhile the certificate has the names that the CA permits.
        let next = try ExampleIdentity.authority(
            "two", .next, reason: .names, constraint: NameConstraint(for: changed.names))
        let permitted = CertificateNames(dns: ["sts-gateway.sts.svc"], addresses: [])
        let waiting = identity.announcing(next, answering: nil)
        #expect(step(waiting, at: 1, policy: changed) == .renewCertificate(.names, permitted))
        let renewed = waiting.renewing(ExampleIdentity.certificate("other", names: permitted))
        #expect(step(renewed, at: 1, policy: changed) == .wait(.overlap(next.id), until: ExampleIdentity.at(4_500)))
        #expect(step(renewed, at: 4_500, policy: changed) == .activate(next.id, changed.names))
        // Names that the announced CA does not permit cause another announcement.
        changed.names = CertificateNames(dns: ["sts-gateway.sts.svc", "other.example.com"], addresses: [])
        #expect(step(renewed, at: 2, policy: changed) == .announce(.names))
        let again = renewed.announcing(
            try ExampleIdentity.authority(
                "three", .next, reason: .names, constraint: NameConstraint(for: changed.names)), answering: nil)
        #expect(again.authorities.count == 2 && again[next.id] == nil)
        // An IP address is a name as well.
        changed.names = CertificateNames(dns: ["sts-gateway"], addresses: [[192, 0, 2, 1]])
        #expect(step(identity, at: 1, policy: changed) == .announce(.names))
    }

    @Test("A CA without a constraint permits every name")
    func unconstrained() throws {
        let identity = ServingIdentity(
            owner: "owner", authorities: [try ExampleIdentity.authority("one", constraint: nil)],
            certificate: ExampleIdentity.certificate("certificate"), maximumTokenLifetime: 900)
        var changed = policy
        changed.names = CertificateNames(dns: ["sts.example.com"], addresses: [[192, 0, 2, 1]])
        #expect(step(identity, at: 1, policy: changed) == .renewCertificate(.names, changed.names))
    }

    @Test("Each request text announces a CA once")
    func request() throws {
        let identity = try ExampleIdentity.identity()
        #expect(step(identity, at: 1, request: "again") == .announce(.requested))
        let (answered, id) = try announced(at: 1)
        #expect(step(answered, at: 2, request: "again") == .wait(.overlap(id), until: ExampleIdentity.at(4_501)))
        #expect(step(answered, at: 2).isWait)
        #expect(step(answered, at: 2, request: "and again") == .announce(.requested))
    }

    @Test("An announced CA waits for the overlap: an hour, the maximum token lifetime, or a year for its age")
    func overlap() throws {
        let (identity, id) = try announced()
        #expect(step(identity, at: 4_499) == .wait(.overlap(id), until: ExampleIdentity.at(4_500)))
        #expect(step(identity, at: 4_500) == .activate(id, ExampleIdentity.names))
        var longer = policy
        longer.timeToLive = 86_400
        #expect(step(identity, at: 4_500, policy: longer) == .recordLifetime(seconds: 86_400))
        let recorded = identity.recording(lifetime: 86_400)
        // The recorded token lifetime does not decrease with the configured one.
        #expect(step(recorded, at: day + 899) == .wait(.overlap(id), until: ExampleIdentity.at(day + 900)))
        #expect(step(recorded, at: day + 900) == .activate(id, ExampleIdentity.names))
        let (aged, agedID) = try announced(.age)
        #expect(step(aged, at: 59 * day) == .wait(.overlap(agedID), until: ExampleIdentity.at(60 * day)))
        let certificate = ExampleIdentity.certificate(
            "current", from: ExampleIdentity.at(360 * day), to: ExampleIdentity.at(450 * day))
        let current = aged.renewing(certificate)
        #expect(
            step(current, at: 365 * day + 899) == .wait(.overlap(agedID), until: ExampleIdentity.at(365 * day + 900)))
        #expect(step(current, at: 365 * day + 900) == .activate(agedID, ExampleIdentity.names))
    }

    @Test("A Pod that was injected within the announcement trusts the CA that issues later, with an empty token volume")
    func injectedBefore() throws {
        let (announced, id) = try announced(.age)
        let pod = InjectionExample.pod()
        let mutation = try InjectionExample.mutation { $0.trust = announced.bundle }
        let injected = try #require(try mutation.patch(pod, namespace: "shop").patch.applied(to: pod))
        let variables = injected["spec"]?["initContainers"]?.elementList?.first?["env"]?.elementList ?? []
        let trust = try #require(variables.first { $0["name"] == "STS_CA_CERTIFICATES" }?["value"]?.stringValue)
        let activated = try #require(
            announced.activating(
                id, certificate: ExampleIdentity.certificate("new"), at: ExampleIdentity.at(366 * day), policy: policy))
        #expect(activated.issuing?.id == id)
        // The variable is all that a restarted sidecar has: /ca-bundle is stored in memory.
        #expect(trust.contains(try #require(activated.issuing).certificatePEM))
    }

    @Test("It issues five seconds after every webhook configuration contains it")
    func webhooks() throws {
        let (identity, id) = try announced()
        let activationDeadline = ExampleIdentity.at((10 * 365 - 30) * day)
        let certificateDue = ExampleIdentity.at(60 * day)
        #expect(activationDeadline > certificateDue)
        let one = try #require(identity.issuing).id
        for (webhooks, expected) in [
            (ServingEvidence.Webhooks.notManaged, ServingStep.activate(id, ExampleIdentity.names)),
            (.unknown, .wait(.webhooks(id), until: certificateDue)),
            (.trust([:]), .wait(.webhooks(id), until: certificateDue)),
            (.trust([one: now]), .wait(.webhooks(id), until: certificateDue)),
            (
                .trust([id: ExampleIdentity.at(4_996)]), .wait(.webhooks(id), until: ExampleIdentity.at(5_001))
            ), (.trust([id: ExampleIdentity.at(4_995)]), .activate(id, ExampleIdentity.names)),
        ] {
            #expect(step(identity, at: 5_000, webhooks) == expected, "\(webhooks)")
        }
    }

    @Test("Thirty days before a CA expires its successor issues in any case, and after it without an overlap")
    func activationDeadline() throws {
        let end = 10 * 365 * day
        let certificate = ExampleIdentity.certificate(
            "late", from: ExampleIdentity.at(end - 50 * day), to: ExampleIdentity.at(end))
        let (early, id) = try announced(at: end - 60 * day)
        #expect(step(early.renewing(certificate), at: end - 31 * day, .unknown).isWait)
        #expect(step(early.renewing(certificate), at: end - 30 * day, .unknown) == .activate(id, ExampleIdentity.names))
        // The announced CA is not replaced then, not even on request.
        #expect(step(early.renewing(certificate), at: end - 30 * day, .unknown, request: "more").isActivation)
        #expect(
            step(early.renewing(certificate), at: end - 30 * day - 1, .unknown, request: "more")
                == .announce(.requested))
        let (late, lateID) = try announced(at: end - 60)
        let waits = step(late.renewing(certificate), at: end - 50, .unknown)
        #expect(waits == .wait(.overlap(lateID), until: ExampleIdentity.at(end)))
        #expect(step(late.renewing(certificate), at: end) == .activate(lateID, ExampleIdentity.names))
    }

    @Test("The former CA is trusted without its key for the overlap, and is then removed")
    func retirement() throws {
        let (announced, id) = try announced()
        let one = try #require(announced.issuing).id
        let certificate = ExampleIdentity.certificate("new")
        let identity = try #require(
            announced.activating(id, certificate: certificate, at: ExampleIdentity.at(5_000.5), policy: policy))
        #expect(identity.authorities.map(\.id) == [id, one])
        #expect(identity.authorities.map(\.state) == [.issuing, .trusted])
        #expect(identity[one]?.key == nil && identity[one]?.trustedUntil == ExampleIdentity.at(9_501))
        #expect(
            identity.certificate == certificate
                && identity.chainPEM == ExampleIdentity.pem("new") + ExampleIdentity.pem("two"))
        #expect(identity.bundle == ExampleIdentity.pem("two") + ExampleIdentity.pem("one"))
        #expect(step(identity, at: 9_500) == .wait(.age, until: ExampleIdentity.at(9_501)))
        #expect(step(identity, at: 9_501) == .remove([one]))
        #expect(identity.removing([one, id]).authorities.map(\.id) == [id])
        #expect(announced.activating("nobody", certificate: certificate, at: now, policy: policy) == nil)
        #expect(identity.activating(id, certificate: certificate, at: now, policy: policy) == nil)
        #expect(identity.revision == announced.revision + 1 && identity.restored.revision == identity.revision + 1)
    }
}

extension ServingStep {
    fileprivate var isWait: Bool { if case .wait = self { true } else { false } }
    fileprivate var isActivation: Bool { if case .activate = self { true } else { false } }
}
