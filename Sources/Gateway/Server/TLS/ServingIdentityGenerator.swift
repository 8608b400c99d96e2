import FoundationEssentials
import GatewayCore

/// Creates self-signed CAs and serving certificates with new keys.
struct ServingIdentityGenerator: Sendable {
    /// Creates the first identity. Its CA issues immediately, since no client trusts another one.
    ///
    /// - Parameters:
    ///   - former: a CA that clients already trust, which is used as the first one; nil for a new CA.
    ///   - request: the rotation request that counts as answered.
    func first(
        _ former: SelfSignedCA? = nil, policy: ServingPolicy, answering request: String? = nil, at now: Date
    ) throws(StoreError) -> ServingIdentity {
        try mapped {
            let constraint = former == nil ? NameConstraint(for: policy.names) : nil
            let ca = try former ?? newCA(constraint, policy, at: now)
            let authority = try document(of: ca, .issuing, .first, constraint, at: now)
            let names = policy.names.permitted(by: constraint)
            return ServingIdentity(
                owner: KeyRing.newOwner(), authorities: [authority],
                certificate: try ca.sign(names, from: now, to: policy.certificateEnd(at: now, of: authority)),
                maximumTokenLifetime: policy.timeToLive, answered: request)
        }
    }

    /// Creates the next CA, in the state `next`.
    func next(
        _ reason: ServingIdentity.Reason, policy: ServingPolicy, at now: Date
    ) throws(StoreError) -> ServingIdentity.Authority {
        try mapped {
            let constraint = NameConstraint(for: policy.names)
            return try document(of: try newCA(constraint, policy, at: now), .next, reason, constraint, at: now)
        }
    }

    /// Creates a serving certificate that this CA signs.
    func certificate(
        _ names: CertificateNames, by authority: ServingIdentity.Authority, policy: ServingPolicy, at now: Date
    ) throws(StoreError) -> ServingIdentity.Certificate {
        guard let key = authority.key else { throw .rejected("the CA has no private key") }
        return try mapped {
            try SelfSignedCA(certificatePEM: authority.certificatePEM, keyPEM: key.pem)
                .sign(names, from: now, to: policy.certificateEnd(at: now, of: authority))
        }
    }

    /// The identity without what is not yet valid, or was created in the future.
    func repairing(
        _ identity: ServingIdentity, _ problem: ServingTimeProblem, policy: ServingPolicy, at now: Date
    ) throws(StoreError) -> ServingIdentity {
        switch problem {
        case .created, .nextNotYetValid: return identity.repairingTimes(at: now)
        case .certificateNotYetValid:
            guard let issuing = identity.issuing else { return identity.repairingTimes(at: now) }
            return identity.renewing(try certificate(identity.certificate.names, by: issuing, policy: policy, at: now))
        case .authorityNotYetValid:
            let new = try first(policy: policy, at: now)
            guard let authority = new.issuing else { return identity.repairingTimes(at: now) }
            return identity.replacingAuthority(with: authority, certificate: new.certificate)
        }
    }

    private func newCA(
        _ constraint: NameConstraint?, _ policy: ServingPolicy, at now: Date
    ) throws -> SelfSignedCA {
        try SelfSignedCA(from: now, constraint: constraint, lifetime: Double(policy.authorityLifetime))
    }

    private func document(
        of ca: SelfSignedCA, _ state: ServingIdentity.State, _ reason: ServingIdentity.Reason,
        _ constraint: NameConstraint?, at now: Date
    ) throws -> ServingIdentity.Authority {
        let document = ServingIdentity.Authority(
            certificatePEM: try ca.certificatePEM, key: ServingIdentity.PrivateKey(pem: ca.keyPEM),
            state: state, reason: reason, constraint: constraint, created: now.roundedUp,
            notBefore: ca.notBefore, notAfter: ca.notAfter)
        guard let document else { throw StoreError.rejected("the new CA certificate is not PEM") }
        return document
    }

    private func mapped<Value>(_ body: () throws -> Value) throws(StoreError) -> Value {
        do {
            return try body()
        } catch let error as StoreError {
            throw error
        } catch {
            throw .rejected("the certificate could not be created")
        }
    }
}
