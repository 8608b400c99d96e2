import GatewayCore

extension AdminRoutes {
    /// What a replica as a whole is asked for; nil is well.
    struct ReplicaState: Sendable {
        var isDraining: @Sendable () -> Bool = { false }
        /// Why the newest configuration is not the one in force.
        var reloadProblem: @Sendable () -> String? = { nil }
        /// Why there is no certificate to serve.
        var certificateProblem: @Sendable () -> String? = { nil }
        /// Why clients do not accept a certificate that is served.
        var certificateTimeProblem: @Sendable () -> String? = { nil }
        /// Why this replica's clock is wrong.
        var clockProblem: @Sendable () -> String? = { nil }
    }

    /// In the order in which they are told. What the API server, a ring or a publisher lacks is detail only.
    static func checks(
        of endpoints: [MountedEndpoint], rings: KeyRingReplicas, publication: PublicationStatuses, replica: ReplicaState
    ) -> [Check] {
        var checks = [
            Check(name: "shutdown", isRequired: true) { replica.isDraining() ? "the gateway is ending" : nil },
            Check(name: "configuration", isRequired: false, failure: replica.reloadProblem),
            Check(name: "tls", isRequired: true, failure: replica.certificateProblem),
            Check(name: "certificate", isRequired: false, failure: replica.certificateTimeProblem),
            Check(name: "clock", isRequired: false, failure: replica.clockProblem),
        ]
        for name in endpoints.map(\.configuration.name) {
            checks.append(Check(name: "keyring/\(name)", isRequired: false) { rings.problem(of: name) })
            checks.append(Check(name: "publish/\(name)", isRequired: false) { publication[name]?.problem })
        }
        return checks
    }
}
