package import FoundationEssentials
package import JOSE

/// When an endpoint's keys are renewed, and how long each must be known before and after it signs. All in seconds.
package struct RotationPolicy: Sendable, Equatable {
    /// The age at which a key is replaced; up to a tenth earlier, by the key, so that endpoints do not rotate together.
    package var every: Int
    /// From the first sight of a key at the issuer URL to its first signature.
    package var propagation: Int
    /// How long an edge keeps a document, and then a verifier.
    package var maximumAge: Int
    /// Of the endpoint's tokens.
    package var timeToLive: Int
    /// How long a replica may sign by a ring that the store has not confirmed.
    package var replicaWindow: Int
    /// Of keys that are made.
    package var algorithm: SignatureAlgorithm
    package var rsaKeySize: Int

    /// How much later than its `exp` a verifier may take a token; that of those who are known is shorter or the same.
    package static let leeway = 300
    /// More keys than this are never in a ring: relying parties have limits of their own.
    package static let maximumKeys = 50

    package init(
        every: Int, propagation: Int, maximumAge: Int, timeToLive: Int, replicaWindow: Int,
        algorithm: SignatureAlgorithm, rsaKeySize: Int
    ) {
        self.every = every
        self.propagation = propagation
        self.maximumAge = maximumAge
        self.timeToLive = timeToLive
        self.replicaWindow = replicaWindow
        self.algorithm = algorithm
        self.rsaKeySize = rsaKeySize
    }

    /// When a key that signs is to be replaced because of its age.
    package func due(_ key: KeyRing.Key) -> Date {
        let part = Double(key.keyID.rawValue.utf8.reduce(0) { ($0 &* 31 &+ UInt32($1)) }) / Double(UInt32.max)
        return (key.activated ?? key.created).addingTimeInterval(Double(every) * (1 - 0.1 * part))
    }

    /// How long a key stays in the key set after its last signature: its last token has ended by then, a replica that
    /// had not heard of the change included, and whoever caches has read the set of its successor.
    package func retention(maximumTokenLifetime: Int) -> Int {
        maximumTokenLifetime + Self.leeway + 2 * maximumAge + replicaWindow
    }

    /// When a retiring key leaves the key set; nil for a key in another state.
    package func end(_ key: KeyRing.Key) -> Date? {
        guard key.state == .retiring, let retired = key.retired else { return nil }
        return retired.addingTimeInterval(Double(retention(maximumTokenLifetime: key.maximumTokenLifetime)))
    }
}
