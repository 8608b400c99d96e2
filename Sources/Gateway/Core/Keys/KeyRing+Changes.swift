package import FoundationEssentials
package import JOSE

/// The changes of a key ring; each returns a ring with the next revision. Times are rounded up to whole seconds, which is
/// the precision of the stored format, so that no wait is shorter after a restart.
extension KeyRing {
    /// The maximum number of revoked key IDs in a ring.
    private static let maximumRevoked = 20

    /// Adds a key. In a ring that never had a key it signs immediately, since no cache can contain an older key set.
    package func adding(
        _ signingKey: SigningKey, certificate: KeyCertificate, at now: Date, policy: RotationPolicy
    ) -> KeyRing {
        changed { ring in
            var key = Key(
                signingKey: signingKey, state: .prepared, created: now.wholeSecond, certificate: certificate)
            if keys.isEmpty && revoked.isEmpty {
                key.state = .active
                key.activated = now.wholeSecond
                key.maximumTokenLifetime = policy.timeToLive
            }
            ring.keys.append(key)
        }
    }

    /// Applies a step.
    ///
    /// - Parameter now: the time of activation and retirement.
    /// - Returns: nil for a step that changes nothing, or that needs a key: ``adding(_:certificate:at:policy:)``.
    package func applying(_ step: RotationStep, at now: Date, policy: RotationPolicy) -> KeyRing? {
        switch step {
        case .addKey, .wait: nil
        case .markPublished(let keyID, let time):
            changing(keyID) { key in
                key.state = .published
                key.published = time.wholeSecond
            }
        case .markAbsent(let keyID):
            changing(keyID) { key in
                key.state = .prepared
                key.published = nil
            }
        case .recordLifetime(let keyID, let seconds):
            changing(keyID) { $0.maximumTokenLifetime = max($0.maximumTokenLifetime, seconds) }
        case .activate(let keyID): activating(keyID, at: now.wholeSecond, policy)
        case .remove(let keyIDs): changed { ring in ring.keys.removeAll { keyIDs.contains($0.keyID) } }
        }
    }

    /// Removes a key and records its ID, so that it is not added again.
    ///
    /// - Returns: nil where the ring has no such key.
    package func revoking(_ keyID: KeyID, at now: Date) -> KeyRing? {
        guard self[keyID] != nil else { return nil }
        return changed { ring in
            ring.keys.removeAll { $0.keyID == keyID }
            ring.revoked.append(RevokedKey(kid: keyID, revoked: now.wholeSecond))
            ring.revoked.removeFirst(max(0, ring.revoked.count - Self.maximumRevoked))
        }
    }

    /// Records the observed state of `issuer.keypair`.
    package func recording(_ keypair: ImportedKeyPair?) -> KeyRing { changed { $0.keypair = keypair } }

    /// The same ring with the next revision, for a store that has lost it.
    package var restored: KeyRing { changed { _ in } }

    private func activating(_ keyID: KeyID, at now: Date, _ policy: RotationPolicy) -> KeyRing {
        changed { ring in
            for index in ring.keys.indices {
                if ring.keys[index].state == .active {
                    ring.keys[index].state = .retiring
                    ring.keys[index].retired = now
                }
                if ring.keys[index].keyID == keyID {
                    ring.keys[index].state = .active
                    ring.keys[index].activated = now
                    ring.keys[index].maximumTokenLifetime = policy.timeToLive
                }
            }
        }
    }

    private func changing(_ keyID: KeyID, _ change: (inout Key) -> Void) -> KeyRing {
        changed { ring in
            for index in ring.keys.indices where ring.keys[index].keyID == keyID { change(&ring.keys[index]) }
        }
    }

    func changed(_ change: (inout KeyRing) -> Void) -> KeyRing {
        var ring = self
        change(&ring)
        // The same key set may be published again later, after another one.
        if ring.keys.map(\.keyID) != keys.map(\.keyID) { ring.invalidated?.keys = nil }
        ring.revision += 1
        return ring
    }
}

extension Date {
    /// The time rounded up to a whole second.
    var wholeSecond: Date { Date(timeIntervalSince1970: timeIntervalSince1970.rounded(.up)) }
}
