import GatewayCore

extension AdminRoutes {
    /// The readiness of the replica as a whole. A nil problem means that the check passes.
    struct ReplicaState: Sendable {
        var isDraining: @Sendable () -> Bool = { false }
        /// Why a listener does not accept connections yet.
        var listenerProblem: @Sendable () -> String? = { nil }
        /// Why the API server does not answer; nil for a gateway without one.
        var apiServerProblem: (@Sendable () -> String?)?
        /// Why the configuration file is not in force; nil where it is.
        var reloadProblem: @Sendable () -> String? = { nil }
        /// Why there is no serving certificate; nil where there is one.
        var certificateProblem: @Sendable () -> String? = { nil }
        /// Why clients do not accept a certificate that is served.
        var certificateTimeProblem: @Sendable () -> String? = { nil }
        /// Why this replica's clock is wrong.
        var clockProblem: @Sendable () -> String? = { nil }
        /// Why another gateway may inject the same Pods; nil where none does.
        var webhookConflict: @Sendable () -> String? = { nil }
        /// Which injected Pods lack a CA; nil where none does, or where this replica does not lead.
        var authorityProblem: @Sendable () -> String? = { nil }
    }

    /// The checks in the order of the response. Problems of a key ring or a publisher do not make the replica unready.
    static func checks(
        of endpoints: [MountedEndpoint], rings: KeyRingReplicas, publication: PublicationStatuses,
        replica: ReplicaState, times: ProblemTimes
    ) -> [Check] {
        var checks = [
            Check(name: "shutdown", isRequired: true) { replica.isDraining() ? "the gateway is stopping" : nil },
            Check(
                name: "configuration", isRequired: false, code: { .configurationError },
                failure: replica.reloadProblem),
            Check(name: "tls", isRequired: true, code: { .noServingCertificate }, failure: replica.certificateProblem),
            Check(name: "listeners", isRequired: true, code: { .notListening }, failure: replica.listenerProblem),
            Check(
                name: "certificate", isRequired: false, code: { .servingCertificateTime },
                failure: replica.certificateTimeProblem),
            Check(name: "clock", isRequired: false, code: { .clock }, failure: replica.clockProblem),
            Check(name: "webhook", isRequired: false, code: { .webhookConflict }, failure: replica.webhookConflict),
            Check(name: "ca", isRequired: false, code: { .podsWithoutAuthority }, failure: replica.authorityProblem),
        ]
        if let apiServerProblem = replica.apiServerProblem {
            checks.append(
                Check(name: "apiserver", isRequired: false, code: { .apiServer }, failure: apiServerProblem))
        }
        for name in endpoints.map(\.configuration.name) {
            checks.append(
                Check(
                    name: "keyring/\(name)", isRequired: false, endpoint: name, code: { rings.code(of: name) },
                    failure: { rings.problem(of: name) }))
            checks.append(
                Check(
                    name: "publish/\(name)", isRequired: false, endpoint: name, code: { publication[name]?.code },
                    failure: { publication[name]?.problem }))
        }
        return checks.map { check in
            Check(name: check.name, isRequired: check.isRequired, endpoint: check.endpoint, code: check.code) {
                let problem = check.failure()
                times.note(check.name, isFailing: problem != nil)
                return problem
            }
        }
    }
}
