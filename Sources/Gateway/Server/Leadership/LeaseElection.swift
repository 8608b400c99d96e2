import GatewayCore
import Logging
import ServiceLifecycle

/// Elects one leader among the replicas by a Lease (coordination.k8s.io/v1), as client-go's leader election does: see
/// ``LeaseCandidacy`` for who may take it when. Every write is compare-and-swap.
///
/// A leader steps down once it has renewed nothing for the renew deadline, counted from before the last renewal was
/// sent; that is well before the others, who count the longer lease duration from after they saw it.
struct LeaseElection: Service {
    private let leases: KubernetesCollection
    private let name: String
    private let leadership: Leadership
    private let candidacy: LeaseCandidacy
    private let logger: Logger

    private var pacing: Pacing { leases.pacing }
    private var timing: LeaseCandidacy.Timing { candidacy.timing }

    /// - Parameters:
    ///   - namespace: the gateway's own.
    ///   - name: of the Lease.
    ///   - identity: this process alone has it; shown to people.
    ///   - leadership: made with the pacing's monotonic clock.
    init(
        client: KubernetesClient, namespace: String, name: String, identity: String, leadership: Leadership,
        timing: LeaseCandidacy.Timing = LeaseCandidacy.Timing(), pacing: Pacing, logger: Logger
    ) {
        leases = KubernetesCollection(
            client: client, resource: .leases, namespace: namespace, pacing: pacing, patience: 0,
            timeout: timing.attemptTimeout)
        self.name = name
        self.leadership = leadership
        candidacy = LeaseCandidacy(identity: identity, timing: timing)
        self.logger = logger
    }

    /// What one candidate knows between two attempts.
    private struct Standing: Sendable {
        var candidacy: LeaseCandidacy
        /// As it was last written by this candidate, so that a renewal need not read it.
        var lease: Lease?
        /// What the log was told last.
        var failure: KubernetesFailure.Kind?
        var holder: String?
    }

    /// How an attempt ended.
    private enum Outcome: Sendable {
        case leads(until: Double)
        case othersLead
        case lost
        case failed(KubernetesFailure)
    }

    func run() async throws {
        let standing = await cancelWhenGracefulShutdown { await contend() }
        steppedDown(reason: "the gateway stops")
        if !Task.isCancelled { await release(standing) }
    }

    private func contend() async -> Standing {
        var standing = Standing(candidacy: candidacy)
        while !Task.isCancelled {
            let wait = await attempt(&standing)
            try? await pacing.sleep(wait)
            if let end = leadership.end, pacing.monotonic() >= end {
                steppedDown(reason: "it was not renewed in time")
            }
        }
        return standing
    }

    /// One attempt, within its time.
    ///
    /// - Returns: seconds until the next.
    private func attempt(_ standing: inout Standing) async -> Double {
        let now = pacing.monotonic()
        let rest = leadership.end.map { max(0, $0 - now) }
        let before = standing
        let done = await withTaskGroup(of: (Standing, Outcome)?.self) { group in
            group.addTask { await step(before) }
            group.addTask {
                try? await pacing.sleep(min(timing.attemptTimeout, rest ?? .infinity))
                return nil
            }
            defer { group.cancelAll() }
            return await group.next() ?? nil
        }
        if Task.isCancelled {
            // What became of a write that was under way is not known; a release reads the Lease first.
            standing.lease = nil
            return 0
        }
        let outcome: Outcome
        if let done {
            (standing, outcome) = done
        } else {
            standing.lease = nil
            outcome = .failed(leases.failure(.noAnswer(.timeout), "update"))
        }
        return conclude(outcome, &standing)
    }

    private func conclude(_ outcome: Outcome, _ standing: inout Standing) -> Double {
        let candidateWait = timing.retryPeriod * (1 + 0.2 * pacing.random())
        switch outcome {
        case .leads(let end):
            standing.failure = nil
            if leadership.lead(until: end) { logger.notice("leading", metadata: ["lease": "\(name)"]) }
            return wait(timing.retryPeriod)
        case .othersLead:
            standing.failure = nil
            steppedDown(reason: "another replica holds the lease")
            if let holder = standing.candidacy.holder, holder != standing.holder {
                standing.holder = holder
                logger.info("another replica leads", metadata: ["lease": "\(name)", "holder": "\(holder)"])
            }
            return candidateWait
        case .lost: return wait(0.1 + 0.4 * pacing.random())
        case .failed(let failure):
            if standing.failure != failure.kind {
                standing.failure = failure.kind
                logger.warning("election failed", metadata: ["lease": "\(name)", "reason": "\(failure)"])
            }
            return wait(max(candidateWait, min(Double(failure.retryAfter ?? 0), timing.renewDeadline)))
        }
    }

    /// Not longer than this replica leads, so that the end of it is noticed.
    private func wait(_ seconds: Double) -> Double {
        guard let end = leadership.end else { return seconds }
        return min(seconds, max(0, end - pacing.monotonic()))
    }

    private func steppedDown(reason: String) {
        guard leadership.stepDown() else { return }
        logger.notice("no longer leading", metadata: ["lease": "\(name)", "reason": "\(reason)"])
    }

    /// Reads the Lease where this candidate has not just written it, and takes or renews it where it may.
    private func step(_ before: Standing) async -> (Standing, Outcome) {
        var standing = before
        do throws(KubernetesFailure) {
            if standing.lease == nil {
                let asked = pacing.monotonic()
                let lease = try await leases.get(name).map(Lease.init)
                let heard = pacing.monotonic()
                // The process was stopped meanwhile: what it hears is of long ago.
                guard heard - asked <= timing.attemptTimeout else {
                    return (standing, .failed(leases.failure(.noAnswer(.timeout), "get")))
                }
                standing.lease = lease
                standing.candidacy.observe(lease?.record, at: heard)
            }
            let sent = pacing.monotonic()
            guard let record = standing.candidacy.claim(at: sent, now: pacing.now()) else {
                standing.lease = nil
                return (standing, .othersLead)
            }
            let written =
                if let lease = standing.lease {
                    try await leases.update(name, lease.setting(record))
                } else {
                    try await leases.create(Lease.new(name: name, namespace: leases.namespace ?? "", record))
                }
            standing.lease = Lease(written)
            standing.candidacy.wrote(Lease(written).record, sent: sent)
            return (standing, .leads(until: sent + timing.renewDeadline))
        } catch {
            let wasThere = standing.lease != nil
            standing.lease = nil
            switch error.kind {
            case .conflict, .alreadyExists: return (standing, .lost)
            // Deleted; of a Lease to be made it means that there is no such namespace.
            case .notFound where wasThere: return (standing, .lost)
            default: return (standing, .failed(error))
            }
        }
    }

    /// Lets the next one take over at once.
    private func release(_ standing: Standing) async {
        for attempt in 0..<2 {
            do throws(KubernetesFailure) {
                var candidacy = standing.candidacy
                var lease = standing.lease
                if lease == nil || attempt > 0 {
                    lease = try await leases.get(name).map(Lease.init)
                    candidacy.observe(lease?.record, at: pacing.monotonic())
                }
                guard let lease, let record = candidacy.release(now: pacing.now()) else { return }
                _ = try await leases.update(name, lease.setting(record))
                return
            } catch {
                guard error.kind == .conflict else {
                    logger.info(
                        "lease not released", metadata: ["lease": "\(name)", "reason": "\(error.description)"])
                    return
                }
            }
        }
    }
}
