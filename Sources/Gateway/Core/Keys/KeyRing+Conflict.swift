import FoundationEssentials
import JOSE

/// Which of two key rings of an endpoint stays. What relying parties read at the issuer URL decides, whoever leads: that a
/// ring has been in the store counts for nothing, since a gateway that has lost sight of the store may have created it.
extension KeyRing {
    package enum ConflictResolution: Sendable, Equatable {
        /// This ring stays in force.
        ///
        /// - Parameter anyReplicaRestores: whether a replica that does not lead writes it back too.
        case stays(anyReplicaRestores: Bool)
        /// The other ring replaces this one.
        case yields
    }

    /// Both replicas of a conflict, each with its own ring, come to the same result from the same reading.
    ///
    /// - Parameter found: the ring that the store contains.
    package func resolution(against found: KeyRing, in conflict: DocumentConflict) -> ConflictResolution {
        guard owner != found.owner else {
            return found.revision < revision && conflict.isWithinWindow
                ? .stays(anyReplicaRestores: false) : .yields
        }
        if case .served(let kids) = conflict.reading {
            let (isServed, isFoundServed) = (isServed(kids), found.isServed(kids))
            if isServed, !isFoundServed, !found.wasServed { return .stays(anyReplicaRestores: true) }
            if isFoundServed, !isServed, !wasServed { return .yields }
        }
        guard conflict.isWithinWindow else { return .yields }
        // Nothing is replaced, or overwritten, before the issuer URL was read.
        if conflict.reading == .pending { return .stays(anyReplicaRestores: false) }
        if let foundCreated = found.created, conflict.held <= foundCreated { return .stays(anyReplicaRestores: true) }
        let isHeldLong = conflict.seen.timeIntervalSince(conflict.held) >= conflict.window
        return isHeldLong || isOlder(than: found) ? .stays(anyReplicaRestores: false) : .yields
    }

    package func outranks(_ found: KeyRing, in conflict: DocumentConflict) -> Bool {
        resolution(against: found, in: conflict) != .yields
    }

    /// Whether one of its keys is among those.
    package func isServed(_ kids: Set<String>) -> Bool { keys.contains { kids.contains($0.keyID.rawValue) } }

    /// Whether the ring records that a key of it was read at the issuer URL.
    private var wasServed: Bool { keys.contains { $0.published != nil } }

    /// When its oldest key was created or imported.
    private var created: Date? { keys.map(\.created).min() }

    private func isOlder(than other: KeyRing) -> Bool {
        guard let mine = created, let theirs = other.created else { return created != nil }
        return mine == theirs ? owner < other.owner : mine < theirs
    }
}
