package import FoundationEssentials

/// The changes of a serving identity; each returns an identity with the next revision.
extension ServingIdentity {
    /// Announces a CA: clients get it in the CA bundle. It replaces one that is announced and does not issue yet.
    ///
    /// - Parameter request: the operator's request that causes it; nil for none.
    package func announcing(_ authority: Authority, answering request: String?) -> ServingIdentity {
        changed { identity in
            identity.authorities.removeAll { $0.state == .next }
            identity.authorities.append(authority)
            if let request { identity.answered = request }
        }
    }

    /// Makes the announced CA issue, and serves its certificate. The former one stays trusted for the overlap.
    ///
    /// - Returns: nil where no CA with this ID is announced.
    package func activating(
        _ id: String, certificate: Certificate, at now: Date, policy: ServingPolicy
    ) -> ServingIdentity? {
        guard let next = self[id], next.state == .next else { return nil }
        let overlap = Double(policy.overlap(next.reason, maximumTokenLifetime: maximumTokenLifetime))
        return changed { identity in
            for index in identity.authorities.indices where identity.authorities[index].state == .issuing {
                identity.authorities[index].state = .trusted
                identity.authorities[index].key = nil
                identity.authorities[index].trustedUntil = now.addingTimeInterval(overlap).roundedUp
            }
            for index in identity.authorities.indices where identity.authorities[index].id == id {
                identity.authorities[index].state = .issuing
            }
            identity.authorities.sort { $0.state == .issuing && $1.state != .issuing }
            identity.certificate = certificate
        }
    }

    /// Serves another certificate.
    package func renewing(_ certificate: Certificate) -> ServingIdentity { changed { $0.certificate = certificate } }

    /// Records the maximum token lifetime.
    package func recording(lifetime seconds: Int) -> ServingIdentity {
        changed { $0.maximumTokenLifetime = max($0.maximumTokenLifetime, seconds) }
    }

    /// Removes CAs that do not issue any more.
    package func removing(_ ids: [String]) -> ServingIdentity {
        changed { identity in identity.authorities.removeAll { ids.contains($0.id) && $0.state == .trusted } }
    }

    /// The same identity with the next revision, for a store that has lost it.
    package var restored: ServingIdentity { changed { _ in } }

    func changed(_ change: (inout ServingIdentity) -> Void) -> ServingIdentity {
        var identity = self
        change(&identity)
        identity.revision += 1
        return identity
    }
}

extension Date {
    /// The time rounded up to a whole second, the precision of the stored format, so that no wait is shorter.
    package var roundedUp: Date { Date(timeIntervalSince1970: timeIntervalSince1970.rounded(.up)) }
}
