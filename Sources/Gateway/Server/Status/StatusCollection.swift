import FoundationEssentials
import GatewayCore

/// Collects what `/status` shows of this process, whatever its configuration.
struct StatusCollection: Sendable {
    let version: String
    /// The name of this replica.
    let replica: String
    let started: Date
    let calls: CallHistory
    let webhook: OutcomeHistory<WebhookMetrics.Result>?
    let times: ProblemTimes
    /// The latest warnings and errors of the log.
    let failures: @Sendable () -> [StatusReport.Failure]
    /// nil without an API server, or with keys in a directory.
    let replicas: ReplicaReader?
    let leadership: Leadership
    let rings: KeyRingReplicas
    let statuses: PublicationStatuses
    /// The number of labeled Pods without tokens; nil where this replica does not know.
    let uninjected: @Sendable () -> UninjectedPodTally.Counts?
    let clock: @Sendable () -> Date

    /// - Parameter checks: those of readiness; the ones of endpoints are shown with these.
    func report(
        cluster: String, endpoints: [MountedEndpoint], checks: [AdminRoutes.Check]
    ) async -> StatusReport {
        let now = clock()
        let isLeading = leadership.isLeading
        return StatusReport(
            version: version, cluster: cluster, time: now, started: started, replica: replica, isLeading: isLeading,
            checks: checks.filter { $0.endpoint == nil }.compactMap(failing), replicas: await knownReplicas(isLeading),
            endpoints: endpoints.map { endpoint($0, at: now) }, failures: failures(), exchanges: calls.series,
            reviews: webhook?.series ?? [], uninjected: uninjected().map(Self.list))
    }

    private func failing(_ check: AdminRoutes.Check) -> StatusReport.Check? {
        guard let text = check.failure() else { return nil }
        return StatusReport.Check(
            name: check.name,
            problem: .init(text: text, code: check.code(), since: times.note(check.name, isFailing: true)))
    }

    private func knownReplicas(_ isLeading: Bool) async -> StatusReport.Replicas {
        if let replicas { return await replicas.read() }
        return StatusReport.Replicas(
            leader: isLeading ? replica : nil,
            all: [.init(name: replica, isReady: true, isLeader: isLeading, isThis: true, started: started)])
    }

    private func endpoint(_ endpoint: MountedEndpoint, at now: Date) -> StatusReport.Endpoint {
        let name = endpoint.configuration.name
        let status = statuses[name]
        var problems: [StatusReport.Problem] = []
        func add(_ check: String, _ text: String?, _ code: ErrorCode?) {
            let since = times.note(check, isFailing: text != nil)
            if let text { problems.append(.init(text: text, code: code, since: since)) }
        }
        add("keyring/\(name)", rings.problem(of: name), rings.code(of: name))
        add("publish/\(name)", status?.problem, status?.code)
        return StatusReport.Endpoint(
            endpoint.configuration, snapshot: endpoint.keys.confirmedSnapshot, ring: rings.ring(of: name),
            problems: problems, status: status, calls: calls.series(of: name).filter { $0.total > 0 }, at: now)
    }

    private static func list(_ counts: UninjectedPodTally.Counts) -> [StatusReport.Uninjected] {
        counts.sorted { $0.key < $1.key }.flatMap { endpoint, reasons in
            reasons.sorted { $0.key.rawValue < $1.key.rawValue }.map {
                StatusReport.Uninjected(endpoint: endpoint, reason: $0.key.rawValue, count: $0.value)
            }
        }
    }
}
