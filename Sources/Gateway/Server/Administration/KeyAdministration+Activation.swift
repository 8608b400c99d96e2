package import FoundationEssentials
package import GatewayCore
package import JOSE

/// The `keys prepare` and `keys activate` commands, for `rotation.activation: manual`.
extension KeyAdministration {
    package enum Activation: Sendable {
        /// The leader activates the key after its own reading.
        case approved(KeyID)
        /// The key may not sign yet.
        ///
        /// - Parameters:
        ///   - until: the earliest time at which it may; nil where that depends on the leader's next steps.
        ///   - verdict: what the issuer URL serves; nil where it was not read.
        case closed(KeyID, RotationStep, until: Date?, verdict: ProbeVerdict?)
    }

    /// Creates the next signing key, unless there is one, for an endpoint whose keys an operator activates.
    package func prepare(_ configuration: EndpointConfiguration) async throws(StoreError) -> Rotation {
        guard configuration.rotation.activation == .manual else {
            throw .rejected(
                "\(configuration.name): rotation.activation is automatic, so the leader would activate the key; set it to "
                    + "manual, or use keys rotate")
        }
        return try await rotate(configuration)
    }

    /// Approves the activation of the next key where it may sign now. The leader then activates it: its clock is compared
    /// with the API server's, and it reads the issuer URL once more.
    package func activate(_ configuration: EndpointConfiguration) async throws(StoreError) -> Activation {
        let policy = configuration.rotationPolicy
        while true {
            let stored = try await stored(configuration)
            let status = await observed(stored.value, configuration)
            let now = session.scheduler.now()
            switch stored.value.activationGate(at: now, policy: policy, evidence: status.evidence) {
            case .noSuccessor:
                guard configuration.rotation.activation == .manual else {
                    throw .rejected(
                        "\(configuration.name): no key waits, and rotation.activation is automatic, so the leader activates "
                            + "each new key itself; start a rotation with keys rotate, or set rotation.activation: manual"
                    )
                }
                throw .rejected("\(configuration.name): no key is prepared; prepare one with keys prepare")
            case .closed(let kid, let step, let until):
                return .closed(kid, step, until: until, verdict: status.verdict)
            case .open(let kid):
                guard let ring = stored.value.approving(at: now, policy: policy, evidence: status.evidence) else {
                    continue
                }
                do {
                    _ = try await session.keyStore.rings.save(ring, replacing: stored.version)
                    return .approved(kid)
                } catch .conflict {
                    continue
                }
            }
        }
    }
}
