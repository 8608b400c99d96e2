import FoundationEssentials
import GatewayCore

/// Makes authorities and leaves, with new keys.
struct ServingIdentityMaker: Sendable {
    /// An identity whose first authority issues at once: nobody trusts another one.
    ///
    /// - Parameters:
    ///   - former: an authority that clients trust already, to go on with.
    ///   - request: what was asked for so far, which is not asked for anew.
    func first(
        _ former: SelfSignedCA? = nil, policy: ServingPolicy, answering request: String? = nil, at now: Date
    ) throws(StoreError) -> ServingIdentity {
        try mapped {
            let constraint = former == nil ? NameConstraint(for: policy.names) : nil
            let made = try former ?? authority(constraint, policy, at: now)
            let authority = try kept(made, .issuing, .first, constraint, at: now)
            let names = policy.names.permitted(by: constraint)
            return ServingIdentity(
                owner: KeyRing.newOwner(), authorities: [authority],
                leaf: try made.sign(names, from: now, to: policy.leafEnd(at: now, of: authority)),
                maximumTokenLifetime: policy.timeToLive, answered: request)
        }
    }

    /// An authority that is to be announced.
    func next(
        _ reason: ServingIdentity.Reason, policy: ServingPolicy, at now: Date
    ) throws(StoreError) -> ServingIdentity.Authority {
        try mapped {
            let constraint = NameConstraint(for: policy.names)
            return try kept(try authority(constraint, policy, at: now), .next, reason, constraint, at: now)
        }
    }

    /// A leaf that this authority signs.
    func leaf(
        _ names: CertificateNames, by authority: ServingIdentity.Authority, policy: ServingPolicy, at now: Date
    ) throws(StoreError) -> ServingIdentity.Leaf {
        guard let key = authority.key else { throw .refused("the CA that is to issue has no private key") }
        return try mapped {
            try SelfSignedCA(certificatePEM: authority.certificatePEM, keyPEM: key.pem)
                .sign(names, from: now, to: policy.leafEnd(at: now, of: authority))
        }
    }

    private func authority(
        _ constraint: NameConstraint?, _ policy: ServingPolicy, at now: Date
    ) throws -> SelfSignedCA {
        try SelfSignedCA(from: now, constraint: constraint, lifetime: Double(policy.authorityLifetime))
    }

    private func kept(
        _ authority: SelfSignedCA, _ state: ServingIdentity.State, _ reason: ServingIdentity.Reason,
        _ constraint: NameConstraint?, at now: Date
    ) throws -> ServingIdentity.Authority {
        let kept = ServingIdentity.Authority(
            certificatePEM: try authority.certificatePEM, key: ServingIdentity.PrivateKey(pem: authority.keyPEM),
            state: state, reason: reason, constraint: constraint, created: now.roundedUp,
            notBefore: authority.notBefore, notAfter: authority.notAfter)
        guard let kept else { throw StoreError.refused("the new CA certificate is not PEM") }
        return kept
    }

    private func mapped<Value>(_ body: () throws -> Value) throws(StoreError) -> Value {
        do {
            return try body()
        } catch let error as StoreError {
            throw error
        } catch {
            throw .refused("the certificate could not be created")
        }
    }
}
