import FakeKubernetesAPI
import FoundationEssentials
import GatewayCore
import KubernetesTestSupport
import Synchronization

@testable import GatewayServer

/// The serving identity of one replica with its services, on manual time.
struct ServingReplica: Sendable {
    static let names = CertificateNames(dns: ["sts-gateway.sts-gateway.svc"], addresses: [])

    let time: TestScheduler
    let log = RecordedJSONLog()
    let certificates: ServingCertificates
    let replica: DocumentReplica<ServingIdentity>
    let plan: ServingPlan
    let leadership: Leadership
    let evidence: GivenEvidence
    let store: any DocumentStore<ServingIdentity>
    private let service: ServingIdentityService

    /// The evidence of the webhook configurations.
    final class GivenEvidence: WebhookEvidenceReading {
        private let given = Mutex(ServingEvidence.Webhooks.notManaged)
        private let signal = ChangeSignal()

        var webhooks: ServingEvidence.Webhooks { given.withLock { $0 } }
        func changes() -> AsyncStream<Void> { signal.changes() }

        func give(_ webhooks: ServingEvidence.Webhooks) {
            given.withLock { $0 = webhooks }
            signal.send()
        }
    }

    /// - Parameter ahead: seconds by which the replica's clock is ahead; nil where clocks are not compared.
    init(
        _ store: any DocumentStore<ServingIdentity>, time: TestScheduler, leads: Bool, timeToLive: Int = 900,
        ahead: Double? = nil
    ) {
        self.time = time
        self.store = store
        let certificates = ServingCertificates(unavailable: "it is early")
        self.certificates = certificates
        replica = certificates.replica(scheduler: time.scheduler, logger: log.logger)
        plan = ServingPlan(ServingPolicy(names: Self.names, timeToLive: timeToLive))
        leadership = Leadership(monotonic: time.scheduler.monotonic)
        if leads { leadership.lead(until: .infinity) }
        evidence = GivenEvidence()
        service = ServingIdentityService(
            store: store, replica: replica, plan: plan, evidence: evidence, leadership: leadership,
            clock: ahead.map { time.comparison(ahead: $0) }, scheduler: time.scheduler, logger: log.logger)
    }

    /// The store in the Secrets of the fake API server. Its scheduler does not wait.
    static func inCluster(_ cluster: FakeCluster, time: TestScheduler, leads: Bool) -> ServingReplica {
        let store = SecretDocumentStore<ServingIdentity>(
            client: cluster.client, namespace: FakeCluster.namespace,
            scheduler: TestScheduler(isImpatient: true).scheduler, logger: RecordedJSONLog().logger)
        return ServingReplica(store, time: time, leads: leads)
    }

    func running<Value: Sendable>(_ body: () async throws -> Value) async rethrows -> Value {
        try await FakeCluster.running({ await service.run() }, body)
    }

    /// Returns when the condition holds.
    @discardableResult
    func until(
        _ condition: (DocumentReplica<ServingIdentity>.View) -> Bool
    ) async -> DocumentReplica<ServingIdentity>.View {
        while !Task.isCancelled {
            let changes = replica.changes()
            let view = replica.view
            if condition(view) { return view }
            for await _ in changes { break }
        }
        return replica.view
    }

    /// Returns when there is an identity.
    @discardableResult
    func identity(_ condition: @escaping (ServingIdentity) -> Bool = { _ in true }) async -> ServingIdentity? {
        await until { $0.stored.map { condition($0.value) } ?? false }.stored?.value
    }
}
