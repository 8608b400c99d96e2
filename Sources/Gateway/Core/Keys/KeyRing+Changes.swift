package import FoundationEssentials
package import JOSE

/// The changes of a key ring; each returns a ring with the next revision. Times are rounded up to whole seconds, which is
/// the precision of the stored format, so that no wait is shorter after a restart.
extension KeyRing {
    /// The maximum number of revoked key IDs in a ring.
    private static let maximumRevoked = 20
    /// The maximum number of handed over keys that a ring remembers: more than the keys that a ring has at a time.
    static let maximumHandedOver = 100

    /// Adds a key. In a ring that never had a key it signs immediately, since no cache can contain an older key set.
    ///
    /// - Parameter isStandby: whether the key waits until it is needed. Another key replaces a standby key, which never
    ///   signed.
    package func adding(
        _ signingKey: SigningKey, certificate: KeyCertificate, at now: Date, policy: RotationPolicy,
        isStandby: Bool = false
    ) -> KeyRing {
        changed { ring in
            ring.keys.removeAll(where: \.isStandby)
            var key = Key(
                signingKey: signingKey, state: .prepared, created: now.wholeSecond, certificate: certificate,
                isStandby: isStandby)
            if keys.isEmpty && revoked.isEmpty {
                key.state = .active
                key.isStandby = false
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
                key.isApproved = false
            }
        case .recordLifetime(let keyID, let seconds):
            changing(keyID) { $0.maximumTokenLifetime = max($0.maximumTokenLifetime, seconds) }
        case .useStandby(let keyID): changing(keyID) { $0.isStandby = false }
        case .activate(let keyID): activating(keyID, at: now.wholeSecond, policy)
        case .remove(let keyIDs): changed { ring in ring.keys.removeAll { keyIDs.contains($0.keyID) } }
        }
    }

    /// Records that an operator has approved the activation of the next key.
    func approving(_ keyID: KeyID) -> KeyRing { changing(keyID) { $0.isApproved = true } }

    /// Removes a key and records its ID, so that it is not added again. A standby key that the relying party holds signs
    /// from now on in place of an active one.
    ///
    /// - Returns: nil where the ring has no such key.
    package func revoking(_ keyID: KeyID, at now: Date) -> KeyRing? {
        guard let revoked = self[keyID] else { return nil }
        return changed { ring in
            if revoked.state == .active,
                let index = ring.keys.firstIndex(where: { $0.isStandby && $0.state == .published })
            {
                ring.keys[index].state = .active
                ring.keys[index].isStandby = false
                ring.keys[index].activated = now.wholeSecond
                ring.keys[index].maximumTokenLifetime = revoked.maximumTokenLifetime
            }
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
                    ring.keys[index].isStandby = false
                    ring.keys[index].isApproved = false
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
        // A ring that hands over its keys remembers those that leave it.
        if !ring.handedOver.isEmpty { ring.remember(keys.map(\.keyID)) }
        ring.revision += 1
        return ring
    }

    /// Adds keys to those that were handed over; the oldest ones are dropped.
    mutating func remember(_ keyIDs: [KeyID]) {
        handedOver += keyIDs.filter { !handedOver.contains($0) }
        handedOver.removeFirst(max(0, handedOver.count - Self.maximumHandedOver))
    }
}

extension Date {
    /// The time rounded up to a whole second.
    var wholeSecond: Date { Date(timeIntervalSince1970: timeIntervalSince1970.rounded(.up)) }
}
