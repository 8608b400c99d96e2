import FoundationEssentials
import GatewayCore
import Logging
import ServiceLifecycle

/// Follows the gateway's own certificates in their store, and brings them on, step by step, while this replica leads.
/// Each step is one compare-and-swap, so that a stop between any two, or another replica that leads too, does no harm.
struct ServingIdentityService: Service {
    let store: any ServingIdentityStore
    let replica: ServingIdentityReplica
    let plan: ServingPlan
    /// Of who trusts the authorities.
    let evidence: any WebhookEvidenceReading
    let leadership: Leadership
    let pacing: Pacing
    let logger: Logger

    private var maker: ServingIdentityMaker { ServingIdentityMaker() }

    func run() async {
        await cancelWhenGracefulShutdown {
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await store.watch { news in replica.take(news) } }
                group.addTask { await leadership.whileLeading { await lead() } }
            }
        }
    }

    private enum Outcome: Sendable {
        case changed(ServingIdentityNews)
        case waits(ServingStep.Wait?, until: Date?)
    }

    private func lead() async {
        var failures = 0
        var told: String?
        var waiting: ServingStep.Wait?
        while !Task.isCancelled {
            // Before the look, so that no change falls between.
            let changes = [replica.changes(), plan.changes(), evidence.changes()]
            var next: Date?
            do throws(ServingIdentityError) {
                let heard = replica.heard
                switch try await step(replica.view) {
                case .changed(let news):
                    failures = 0
                    try await take(news, ifHeard: heard)
                    continue
                case .waits(let wait, let time):
                    if wait != waiting, let wait { tellWaiting(wait, until: time) }
                    (waiting, next, failures) = (wait, time, 0)
                }
                if told != nil { logger.notice("serving certificates are kept again") }
                told = nil
            } catch {
                failures += 1
                if told != "\(error)" {
                    logger.error("serving certificates are not kept", metadata: ["reason": "\(error)"])
                    replica.lack("\(error)")
                }
                told = "\(error)"
                next = pacing.now().addingTimeInterval(pacing.backoff(failures: failures, retryAfter: nil))
            }
            await pacing.wait(until: next, or: changes)
        }
    }

    /// Where the watch has told of a change since, what is there by now is asked for.
    private func take(_ news: ServingIdentityNews, ifHeard heard: Int) async throws(ServingIdentityError) {
        var (news, heard) = (news, heard)
        while !replica.take(news, ifHeard: heard) {
            heard = replica.heard
            news = try await store.load().map { .identity($0) } ?? .gone
        }
    }

    private func step(_ view: ServingIdentityReplica.View) async throws(ServingIdentityError) -> Outcome {
        let policy = plan.policy
        switch view.problem {
        // Not this gateway's to overwrite.
        case .foreign, .newerVersion, .unavailable, .conflict: return .waits(nil, until: nil)
        case .malformed, nil: break
        }
        guard let stored = view.stored else {
            guard view.isGone == true || view.inPlace != nil else { return .waits(nil, until: nil) }
            if view.inPlace != nil {
                logger.critical(
                    "the authorities are lost and new ones are made; restart the Pods with a sidecar of before")
            }
            return try await save(try maker.first(policy: policy, at: pacing.now()), replacing: view.inPlace)
        }
        if view.isGone == true || view.inPlace != nil {
            // What was told may be of before this gateway's own last write.
            if view.problem == nil, let present = try await store.load(), present.version != view.inPlace {
                return .changed(.identity(present))
            }
            logger.warning(
                "the serving certificate is not in the store any more and is restored from memory",
                metadata: ["in its place": view.inPlace == nil ? "nothing" : "something else"])
            return try await save(stored.identity.restored, replacing: view.inPlace)
        }
        let identity = stored.identity
        let seen = ServingEvidence(webhooks: evidence.webhooks, request: stored.request)
        let now = pacing.now()
        let changed: ServingIdentity?
        let step = identity.nextStep(at: now, policy: policy, evidence: seen)
        switch step {
        case .wait(let wait, let time): return .waits(wait, until: time)
        case .recordLife(let seconds): changed = identity.recording(life: seconds)
        case .remove(let ids): changed = identity.removing(ids)
        case .announce(let reason):
            changed = identity.announcing(
                try maker.next(reason, policy: policy, at: now), answering: seen.request)
        case .activate(let id, let names):
            guard let next = identity[id] else { return .waits(nil, until: nil) }
            let leaf = try maker.leaf(names, by: next, policy: policy, at: now)
            changed = identity.activating(id, leaf: leaf, at: now, policy: policy)
        case .renewLeaf(_, let names):
            guard let issuing = identity.issuing else { return .waits(nil, until: nil) }
            changed = identity.renewing(try maker.leaf(names, by: issuing, policy: policy, at: now))
        }
        guard let changed else { return .waits(nil, until: nil) }
        let outcome = try await save(changed, replacing: stored.version)
        tell(step)
        return outcome
    }

    /// A write that somebody came before changes nothing: what they wrote is taken on, and asked anew.
    private func save(
        _ identity: ServingIdentity, replacing version: String?
    ) async throws(ServingIdentityError) -> Outcome {
        guard leadership.isLeading else { return .waits(nil, until: nil) }
        do {
            return .changed(.identity(try await store.save(identity, replacing: version)))
        } catch .conflict {
            return .changed(try await store.load().map { .identity($0) } ?? .gone)
        }
    }

    private func tell(_ step: ServingStep) {
        switch step {
        case .announce(let reason):
            logger.notice("a new serving authority is announced", metadata: ["because": "\(reason.rawValue)"])
        case .activate(let id, _): logger.notice("a new serving authority issues", metadata: ["authority": "\(id)"])
        case .renewLeaf(let reason, _):
            logger.notice("the serving certificate is renewed", metadata: ["because": "\(reason.rawValue)"])
        case .remove: logger.notice("a former serving authority is trusted no more")
        case .recordLife, .wait: break
        }
    }

    private func tellWaiting(_ wait: ServingStep.Wait, until time: Date?) {
        guard case .webhooks = wait else { return }
        logger.warning("a new serving authority waits for the webhook configurations to have it in their caBundle")
    }
}
