import FoundationEssentials
import GatewayCore
import Logging
import ServiceLifecycle
import Synchronization

/// Watches the serving identity in its store, and advances it while this replica is the leader.
struct ServingIdentityService: Service {
    let store: any DocumentStore<ServingIdentity>
    let replica: DocumentReplica<ServingIdentity>
    let plan: ServingPlan
    /// Which CAs the webhook configurations trust.
    let evidence: any WebhookEvidenceReading
    let leadership: Leadership
    /// nil where clocks are not compared.
    var clock: ClockComparison?
    let scheduler: Scheduler
    let logger: Logger

    private typealias Outcome = DocumentLeader<ServingIdentity>.Outcome
    private var generator: ServingIdentityGenerator { ServingIdentityGenerator() }
    private var leader: DocumentLeader<ServingIdentity> {
        DocumentLeader(store: store, mayWrite: { leadership.isLeading }, logger: logger)
    }

    func run() async {
        await cancelWhenGracefulShutdown {
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await store.watch { news in replica.apply(news) } }
                group.addTask { await leadership.whileLeading { await lead() } }
            }
        }
    }

    private func lead() async {
        let log = FailureLog(
            "serving certificate rotation failed", recovered: "serving certificate rotation works again", logger: logger
        )
        var waiting: ServingStep.Wait?
        await RetryLoop<StoreError>(scheduler: scheduler, log: log).run {
            [replica.changes(), plan.changes(), evidence.changes()]
        } report: { failure in
            if let failure { replica.fail(failure) }
        } _: { () throws(StoreError) in
            try await leader.advance(replica) { view throws(StoreError) in try await step(view, &waiting) }
        }
    }

    /// Performs the next step.
    ///
    /// - Parameter waiting: what the last step waited for.
    private func step(
        _ view: DocumentReplica<ServingIdentity>.View, _ waiting: inout ServingStep.Wait?
    ) async throws(StoreError) -> Outcome {
        let policy = plan.policy
        switch view.problem {
        // Never overwritten.
        case .foreign, .newerVersion, .unavailable, .conflict, .rejected: return .wait(until: nil)
        case .malformed, nil: break
        }
        guard let stored = view.stored else {
            guard view.isMissing == true || view.replacedBy != nil else { return .wait(until: nil) }
            if view.replacedBy != nil {
                logger.critical(
                    "CA lost and created again; restart the Pods that have an older sidecar",
                    metadata: ["code": "\(ErrorCode.podsWithoutAuthority)"])
            }
            return try await leader.save(
                try generator.first(policy: policy, at: scheduler.now()), replacing: view.replacedBy)
        }
        if let restored = try await leader.restore(view) { return restored }
        let identity = stored.value
        let observed = ServingEvidence(webhooks: evidence.webhooks, request: stored.request)
        let now = scheduler.now()
        if let problem = clock?.result?.problem { throw .rejected(problem) }
        if let problem = identity.timeProblem(at: now) {
            guard clock?.result != nil else {
                throw .rejected(
                    "\(problem.description), and this replica's clock could not be compared; \(ClockReading.remedy)")
            }
            let outcome = try await leader.save(
                try generator.repairing(identity, problem, policy: policy, at: now), replacing: stored)
            // Where another replica has written first, that one has repaired it.
            if case .stored(let new) = outcome, new.value.owner == identity.owner {
                await log(problem, policy)
            }
            return outcome
        }
        let step = identity.nextStep(at: now, policy: policy, evidence: observed)
        let changed: ServingIdentity?
        switch step {
        case .wait(let wait, let time):
            if case .webhooks = wait, wait != waiting {
                logger.warning(
                    "new CA waits for the caBundle of the webhook configurations",
                    metadata: ["code": "\(ErrorCode.webhookUntrusted)"])
            }
            waiting = wait
            return .wait(until: time)
        case .recordLifetime(let seconds): changed = identity.recording(lifetime: seconds)
        case .remove(let ids): changed = identity.removing(ids)
        case .announce(let reason):
            changed = identity.announcing(
                try generator.next(reason, policy: policy, at: now), answering: observed.request)
        case .activate(let id, let names):
            guard let next = identity[id] else { return .wait(until: nil) }
            let certificate = try generator.certificate(names, by: next, policy: policy, at: now)
            changed = identity.activating(id, certificate: certificate, at: now, policy: policy)
        case .renewCertificate(_, let names):
            guard let issuing = identity.issuing else { return .wait(until: nil) }
            changed = identity.renewing(try generator.certificate(names, by: issuing, policy: policy, at: now))
        }
        guard let changed else { return .wait(until: nil) }
        let outcome = try await leader.save(changed, replacing: stored)
        log(step)
        return outcome
    }

    /// At most this many Pods are named in the log.
    private static let maximumPods = 100

    private func log(_ problem: ServingTimeProblem, _ policy: ServingPolicy) async {
        logger.warning(
            "serving identity repaired",
            metadata: ["code": "\(ErrorCode.servingCertificateTime)", "reason": "\(problem.description)"])
        guard problem == .authorityNotYetValid else { return }
        let commands = policy.podSelectors.prefix(10).map { "kubectl get pods --all-namespaces -l '\($0)'" }
        var metadata: Logger.Metadata = ["find": .array(commands.map { "\($0)" })]
        if let pods = await plan.injectedPods() {
            metadata["count"] = .stringConvertible(pods.count)
            metadata["pods"] = .array(pods.prefix(Self.maximumPods).map { "\($0)" })
        } else {
            metadata["pods"] = "unknown"
        }
        metadata["code"] = "\(ErrorCode.podsWithoutAuthority)"
        logger.critical("CA replaced; recreate the Pods that were injected before", metadata: metadata)
    }

    private func log(_ step: ServingStep) {
        switch step {
        case .announce(let reason):
            logger.notice("new CA announced", metadata: ["because": "\(reason.rawValue)"])
        case .activate(let id, _): logger.notice("new CA issues", metadata: ["ca": "\(id)"])
        case .renewCertificate(let reason, _):
            logger.notice("serving certificate renewed", metadata: ["because": "\(reason.rawValue)"])
        case .remove: logger.notice("former CA removed from the CA bundle")
        case .recordLifetime, .wait: break
        }
    }
}
