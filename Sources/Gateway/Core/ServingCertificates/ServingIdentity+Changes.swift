package import FoundationEssentials

/// Each change makes an identity of the next revision.
extension ServingIdentity {
    /// With an authority that clients are told of, in place of one that they were told of before and that issues
    /// nothing.
    ///
    /// - Parameter request: what asked for it; nil for what was answered before.
    package func announcing(_ authority: Authority, answering request: String?) -> ServingIdentity {
        changed { identity in
            identity.authorities.removeAll { $0.state == .next }
            identity.authorities.append(authority)
            if let request { identity.answered = request }
        }
    }

    /// With the announced authority issuing, and its leaf served. The one that issued is trusted on for a while.
    ///
    /// - Returns: nil where there is no such authority.
    package func activating(
        _ id: String, leaf: Leaf, at now: Date, policy: ServingPolicy
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
            identity.leaf = leaf
        }
    }

    package func renewing(_ leaf: Leaf) -> ServingIdentity { changed { $0.leaf = leaf } }

    package func recording(life seconds: Int) -> ServingIdentity {
        changed { $0.maximumTokenLifetime = max($0.maximumTokenLifetime, seconds) }
    }

    package func removing(_ ids: [String]) -> ServingIdentity {
        changed { identity in identity.authorities.removeAll { ids.contains($0.id) && $0.state == .trusted } }
    }

    /// The same under a new revision, for a store that has lost it.
    package var restored: ServingIdentity { changed { _ in } }

    private func changed(_ change: (inout ServingIdentity) -> Void) -> ServingIdentity {
        var identity = self
        change(&identity)
        identity.revision += 1
        return identity
    }
}

extension Date {
    /// This second's beginning, or the next one's: stores keep whole seconds, and no wait is to be shorter for it.
    package var roundedUp: Date { Date(timeIntervalSince1970: timeIntervalSince1970.rounded(.up)) }
}
