import KubernetesAPI
public import Logging
public import ServiceLifecycle

/// Elects one leader among several processes with a Lease (coordination.k8s.io/v1), as client-go's leader election
/// does; ``LeaseCandidacy`` has the rules. Every write is a compare-and-swap.
///
/// A leader steps down if it has not renewed the Lease for the renew deadline, counted from before it sent the last
/// renewal. That is earlier than another candidate can take the Lease: it waits for the longer lease duration, counted
/// from after it observed the renewal.
public struct LeaseElection: Service {
    private let leases: KubernetesCollection
    private let name: String
    private let leadership: any LeaseHolder
    private let candidacy: LeaseCandidacy
    private let logger: Logger

    private var scheduler: KubernetesScheduler { leases.scheduler }
    private var timing: LeaseCandidacy.Timing { candidacy.timing }

    /// Creates a candidate.
    ///
    /// - Parameters:
    ///   - namespace: the namespace of the Lease.
    ///   - name: the name of the Lease.
    ///   - identity: unique among all candidates; the Lease names its holder with it.
    ///   - leadership: is notified of each change; its times are of the scheduler's monotonic clock.
    public init(
        client: KubernetesClient, namespace: String, name: String, identity: String, leadership: any LeaseHolder,
        timing: LeaseCandidacy.Timing = LeaseCandidacy.Timing(), scheduler: KubernetesScheduler, logger: Logger
    ) {
        leases = KubernetesCollection(
            client: client, resource: .leases, namespace: namespace, scheduler: scheduler, patience: 0,
            timeout: timing.attemptTimeout)
        self.name = name
        self.leadership = leadership
        candidacy = LeaseCandidacy(identity: identity, timing: timing)
        self.logger = logger
    }

    /// The state of a candidate between two attempts.
    private struct Standing: Sendable {
        var candidacy: LeaseCandidacy
        /// The last write of this candidate, so that a renewal does not read it; nil if it must be read.
        var lease: Lease?
        /// The last logged failure.
        var failure: KubernetesAPIError.Kind?
        /// The last logged holder.
        var holder: String?
    }

    /// How an attempt ended.
    private enum Outcome: Sendable {
        case leads(until: Double)
        case othersLead
        case lost
        case failed(KubernetesAPIError)
    }

    /// Takes part in the election until the program stops or its task is cancelled; then releases the Lease.
    public func run() async throws {
        let standing = await cancelWhenGracefulShutdown { await contend() }
        steppedDown(reason: "the process stops")
        if !Task.isCancelled { await release(standing) }
    }

    private func contend() async -> Standing {
        var standing = Standing(candidacy: candidacy)
        while !Task.isCancelled {
            let wait = await attempt(&standing)
            try? await scheduler.sleep(wait)
            if let end = leadership.end, scheduler.monotonic() >= end {
                steppedDown(reason: "it was not renewed in time")
            }
        }
        return standing
    }

    /// Makes one attempt, within its timeout.
    ///
    /// - Returns: seconds until the next.
    private func attempt(_ standing: inout Standing) async -> Double {
        if !leadership.canLead, leadership.end != nil {
            steppedDown(reason: "this replica cannot lead now")
            await release(standing)
            standing.lease = nil
        }
        let now = scheduler.monotonic()
        let rest = leadership.end.map { max(0, $0 - now) }
        let before = standing
        let done = await withTaskGroup(of: (Standing, Outcome)?.self) { group in
            group.addTask { await step(before) }
            group.addTask {
                try? await scheduler.sleep(min(timing.attemptTimeout, rest ?? .infinity))
                return nil
            }
            defer { group.cancelAll() }
            return await group.next() ?? nil
        }
        if Task.isCancelled {
            // The result of an unfinished write is not known; a release reads the Lease first.
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
        let candidateWait = timing.retryPeriod * (1 + 0.2 * scheduler.random())
        switch outcome {
        case .leads(let end):
            standing.failure = nil
            if leadership.lead(until: end) { logger.notice("leader elected", metadata: ["lease": "\(name)"]) }
            return wait(timing.retryPeriod)
        case .othersLead:
            standing.failure = nil
            steppedDown(reason: "another replica holds the lease")
            if let holder = standing.candidacy.holder, holder != standing.holder {
                standing.holder = holder
                logger.info("another replica leads", metadata: ["lease": "\(name)", "holder": "\(holder)"])
            }
            return candidateWait
        case .lost: return wait(0.1 + 0.4 * scheduler.random())
        case .failed(let failure):
            if standing.failure != failure.kind {
                standing.failure = failure.kind
                logger.warning("election failed", metadata: ["lease": "\(name)", "reason": "\(failure)"])
            }
            return wait(max(candidateWait, min(Double(failure.retryAfter ?? 0), timing.renewDeadline)))
        }
    }

    /// At most until this process no longer leads, so that the end is noticed.
    private func wait(_ seconds: Double) -> Double {
        guard let end = leadership.end else { return seconds }
        return min(seconds, max(0, end - scheduler.monotonic()))
    }

    private func steppedDown(reason: String) {
        guard leadership.stepDown() else { return }
        logger.notice("leadership lost", metadata: ["lease": "\(name)", "reason": "\(reason)"])
    }

    /// Reads the Lease, unless this candidate has written it last, and takes or renews it if it may.
    private func step(_ before: Standing) async -> (Standing, Outcome) {
        var standing = before
        do throws(KubernetesAPIError) {
            if standing.lease == nil {
                let asked = scheduler.monotonic()
                let lease = try await leases.get(name).map(Lease.init)
                let heard = scheduler.monotonic()
                // The process was suspended: the response is old.
                guard heard - asked <= timing.attemptTimeout else {
                    return (standing, .failed(leases.failure(.noAnswer(.timeout), "get")))
                }
                standing.lease = lease
                standing.candidacy.observe(lease?.record, at: heard)
            }
            let sent = scheduler.monotonic()
            // Read also by a process that cannot lead: each answer has the API server's time.
            guard leadership.canLead, let record = standing.candidacy.claim(at: sent, now: scheduler.now()) else {
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
            // Deleted. For a create call it means that the namespace does not exist.
            case .notFound where wasThere: return (standing, .lost)
            default: return (standing, .failed(error))
            }
        }
    }

    /// Lets another candidate take the Lease immediately.
    private func release(_ standing: Standing) async {
        for attempt in 0..<2 {
            do throws(KubernetesAPIError) {
                var candidacy = standing.candidacy
                var lease = standing.lease
                if lease == nil || attempt > 0 {
                    lease = try await leases.get(name).map(Lease.init)
                    candidacy.observe(lease?.record, at: scheduler.monotonic())
                }
                guard let lease, let record = candidacy.release(now: scheduler.now()) else { return }
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
