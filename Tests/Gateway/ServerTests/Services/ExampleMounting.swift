import FoundationEssentials
import GatewayCore
import GatewayTestSupport
import JOSE
import KubernetesTestSupport
import Logging

@testable import GatewayServer

/// What mounts configurations: key rings in memory, the gateway's own certificate in a directory, no API server.
struct ExampleMounting: Sendable {
    let time = TestScheduler(random: 1)
    let log = RecordedJSONLog()
    let rings = FakeDocumentStore<KeyRing>()
    let audit = RecordedAudit()
    let prometheus = PrometheusMetrics()
    let folder: TemporaryFolder
    let mounting: ConfigurationMounting

    private init() throws {
        folder = try TemporaryFolder()
        // Only a leader creates rings.
        for name in ["one", "two"] {
            rings.put(try RingCluster.ring(SigningKey.generate(.es256), endpoint: name), for: name)
        }
        let scheduler = time.scheduler
        let environment = HostEnvironment(
            version: "test", environment: [:], namespace: nil, resolve: { [folder] in "\(folder.path)/\($0)" },
            clock: scheduler.now, writeAudit: { _ in true })
        var configuration = try ExampleGateway.configuration(of: [])
        configuration.keyStore = .directory("keys")
        let keyStore = try OpenedKeyStore(configuration, in: environment, scheduler: scheduler, logger: log.logger)
        let leadership = keyStore.leadership
        let keyRings = KeyRings(
            store: rings, keyPairs: keyStore.keyPairs, leadership: leadership, scheduler: scheduler,
            logger: log.logger)
        let statuses = PublicationStatuses()
        mounting = ConfigurationMounting(
            rings: keyRings,
            leadership: leadership,
            reviewer: FakeTokenReviewer(.success(.authenticated(.serviceAccount()))), metadata: nil,
            signatures: FakeSignatures(),
            limiter: CallLimiter(configuration.limits.calls, scheduler: scheduler),
            serving: try OpenedServing(
                configuration, in: environment, keyStore: keyStore, scheduler: scheduler, logger: log.logger),
            admission: AdmissionParts(
                cluster: nil, namespace: nil, version: "test", certificates: ServingCertificates(unavailable: "test"),
                webhooks: nil, leadership: leadership, prometheus: prometheus, scheduler: scheduler, logger: log.logger),
            prometheus: prometheus, version: "test",
            status: StatusCollection(
                version: "test", replica: "one", started: scheduler.now(),
                calls: CallHistory(monotonic: scheduler.monotonic), webhook: nil,
                times: ProblemTimes(clock: scheduler.now), failures: { [] }, replicas: nil, leadership: leadership,
                rings: keyRings.replicas, statuses: statuses, uninjected: { nil }, clock: scheduler.now),
            audit: audit, events: nil, statuses: statuses,
            publishing: PublicationTools(in: environment, logger: log.logger), replica: AdminRoutes.ReplicaState(),
            takeDroppedLogLines: { 0 }, issuerClock: nil, scheduler: scheduler)
    }

    static func run(_ body: (ExampleMounting) async throws -> Void) async throws {
        let example = try ExampleMounting()
        do {
            try await body(example)
        } catch {
            await example.mounting.publishing.close()
            throw error
        }
        await example.mounting.publishing.close()
    }

    /// Builds a configuration and commits it.
    func mount(
        _ configuration: GatewayConfiguration, after old: MountedConfiguration? = nil
    ) async throws -> MountedConfiguration {
        mounting.commit(try await mounting.build(configuration, after: old), after: old)
    }

    /// The token listener's responder.
    func responder(_ served: GatewayResponder.Served) -> GatewayResponder {
        GatewayResponder(isDraining: { false }, logger: log.logger) { served }
    }
}
