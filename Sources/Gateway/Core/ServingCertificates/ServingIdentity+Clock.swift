package import FoundationEssentials

/// A certificate or a time of the serving identity that is in the future, because a clock was ahead.
package enum ServingTimeProblem: Sendable, Equatable {
    /// No client accepts any certificate that this CA has signed.
    case authorityNotYetValid
    /// No client accepts the serving certificate; its CA is valid.
    case certificateNotYetValid
    /// The announced CA is not yet valid.
    case nextNotYetValid
    /// `created` of a CA is in the future, so that its overlap would last longer.
    case created

    /// For log and readiness.
    package var description: String {
        switch self {
        case .authorityNotYetValid: "the CA of the serving certificate is not yet valid"
        case .certificateNotYetValid: "the serving certificate is not yet valid"
        case .nextNotYetValid: "the announced CA is not yet valid"
        case .created: "the creation time of a CA is in the future"
        }
    }
}

extension ServingIdentity {
    /// Certificates are valid 300 s before the time of their creation, so one that is not yet valid was created by a
    /// clock that was more than 300 s ahead.
    package func timeProblem(at now: Date) -> ServingTimeProblem? {
        if let issuing, issuing.notBefore > now { return .authorityNotYetValid }
        if certificate.notBefore > now { return .certificateNotYetValid }
        if let next, next.notBefore > now { return .nextNotYetValid }
        let isFuture = authorities.contains { $0.created.timeIntervalSince(now) > ClockReading.tolerance }
        return isFuture ? .created : nil
    }

    /// With a CA that issues at once, in place of one that is not yet valid, and without the announced one.
    package func replacingAuthority(with authority: Authority, certificate: Certificate) -> ServingIdentity {
        changed { identity in
            identity.authorities = [authority] + identity.authorities.filter { $0.state == .trusted }
            identity.certificate = certificate
        }
    }

    /// Without the announced CA, and with no creation time in the future.
    package func repairingTimes(at now: Date) -> ServingIdentity {
        changed { identity in
            identity.authorities.removeAll { $0.state == .next && $0.notBefore > now }
            for index in identity.authorities.indices
            where identity.authorities[index].created.timeIntervalSince(now) > ClockReading.tolerance {
                identity.authorities[index].created = now.roundedUp
            }
        }
    }
}
