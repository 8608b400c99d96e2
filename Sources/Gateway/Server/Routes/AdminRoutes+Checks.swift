import GatewayCore

extension AdminRoutes {
    /// The readiness of the replica as a whole. A nil problem means that the check passes.
    struct ReplicaState: Sendable {
        var isDraining: @Sendable () -> Bool = { false }
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
        of endpoints: [MountedEndpoint], rings: KeyRingReplicas, publication: PublicationStatuses, replica: ReplicaState
    ) -> [Check] {
        var checks = [
            Check(name: "shutdown", isRequired: true) { replica.isDraining() ? "the gateway is stopping" : nil },
            Check(name: "configuration", isRequired: false, failure: replica.reloadProblem),
            Check(name: "tls", isRequired: true, failure: replica.certificateProblem),
            Check(name: "certificate", isRequired: false, failure: replica.certificateTimeProblem),
            Check(name: "clock", isRequired: false, failure: replica.clockProblem),
            Check(name: "webhook", isRequired: false, failure: replica.webhookConflict),
            Check(name: "ca", isRequired: false, failure: replica.authorityProblem),
        ]
        for name in endpoints.map(\.configuration.name) {
            checks.append(Check(name: "keyring/\(name)", isRequired: false) { rings.problem(of: name) })
            checks.append(Check(name: "publish/\(name)", isRequired: false) { publication[name]?.problem })
        }
        return checks
    }
}
