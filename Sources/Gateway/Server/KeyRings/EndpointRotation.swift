import FoundationEssentials
import GatewayCore
import Logging

/// The rotation of one endpoint's key ring while this replica is the leader.
actor EndpointRotation: Stepping {
    private let rotation: KeyRotation
    private let replica: DocumentReplica<KeyRing>
    private let replicas: KeyRingReplicas
    private let statuses: PublicationStatuses
    private let scheduler: Scheduler
    private var course: RetryCourse<StoreError>

    init(
        _ rotation: KeyRotation, of replica: DocumentReplica<KeyRing>, in replicas: KeyRingReplicas,
        statuses: PublicationStatuses, scheduler: Scheduler
    ) {
        self.rotation = rotation
        self.replica = replica
        self.replicas = replicas
        self.statuses = statuses
        self.scheduler = scheduler
        course = RetryCourse(
            scheduler: scheduler,
            log: FailureLog(
                "key rotation failed", recovered: "key rotation works again", logger: rotation.leader.logger))
    }

    nonisolated func observe(_ wake: @escaping @Sendable () -> Void) -> [ChangeSignal.Observation] {
        [replica.observe(wake), statuses.observe(replica.name, wake)]
    }

    func step() async -> StepTime {
        let result: Result<StepTime, StoreError>
        do throws(StoreError) {
            result = .success(try await rotation.leader.advance(replica, advance))
        } catch {
            result = .failure(error)
        }
        return course.next(after: result) { failure in
            replicas.report(rotationProblem: failure.map { "\($0)" }, of: replica.name)
        }
    }

    private func advance(_ view: DocumentReplica<KeyRing>.View) async throws(StoreError) -> KeyRotation.Outcome {
        let status = statuses[replica.name]
        // Of the documents of this ring only.
        let isCurrent = status?.evidence?.expected == view.stored.map { Set($0.value.keys.map(\.keyID)) }
        let outcome = try await rotation.step(
            view, evidence: status?.evidence, invalidated: isCurrent ? status?.invalidated : nil,
            handedOver: isCurrent ? status?.handedOver ?? [] : [],
            location: status?.lastOwner == view.stored?.value.owner ? status?.location : nil,
            at: scheduler.now)
        guard case .wait(let time) = outcome else { return outcome }
        let nextRead = scheduler.now().addingTimeInterval(KeyRotation.keyPairInterval)
        return .wait(until: min(nextRead, time ?? nextRead))
    }
}
