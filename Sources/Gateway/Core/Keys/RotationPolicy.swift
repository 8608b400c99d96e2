package import FoundationEssentials
package import JOSE

/// When an endpoint's keys are rotated, and how long each key is published before and after it signs. All in seconds.
package struct RotationPolicy: Sendable, Equatable {
    /// The age at which a key is replaced. The actual age is up to a tenth less, depending on the key ID, so that
    /// endpoints do not rotate at the same time.
    package var every: Int
    /// From the time at which the issuer URL first serves a key to its first signature.
    package var propagation: Int
    /// How long a CDN, and then a verifier, caches a document.
    package var maximumAge: Int
    /// The lifetime of the endpoint's tokens.
    package var timeToLive: Int
    /// How long a replica may sign with a ring that the store has not confirmed.
    package var replicaWindow: Int
    /// The algorithm of new keys.
    package var algorithm: SignatureAlgorithm
    /// The size of new RSA keys in bits.
    package var rsaKeySize: Int
    /// Whether the ring always has a key that the relying party already holds, for a revocation: where keys are handed over
    /// with the endpoint's own token.
    package var hasStandby: Bool
    /// Whether a key that may sign waits for an operator's approval. After a revocation none does.
    package var isManual: Bool

    /// How long after its `exp` a verifier may accept a token. Known verifiers use at most this.
    package static let leeway = 300
    /// The maximum number of keys in a ring; relying parties have limits of their own.
    package static let maximumKeys = 50

    package init(
        every: Int, propagation: Int, maximumAge: Int, timeToLive: Int, replicaWindow: Int,
        algorithm: SignatureAlgorithm, rsaKeySize: Int, hasStandby: Bool = false, isManual: Bool = false
    ) {
        self.isManual = isManual
        self.hasStandby = hasStandby
        self.every = every
        self.propagation = propagation
        self.maximumAge = maximumAge
        self.timeToLive = timeToLive
        self.replicaWindow = replicaWindow
        self.algorithm = algorithm
        self.rsaKeySize = rsaKeySize
    }

    /// When the active key must be replaced because of its age.
    package func due(_ key: KeyRing.Key) -> Date {
        let part = Double(key.keyID.rawValue.utf8.reduce(0) { ($0 &* 31 &+ UInt32($1)) }) / Double(UInt32.max)
        return (key.activated ?? key.created).addingTimeInterval(Double(every) * (1 - 0.1 * part))
    }

    /// How long a key stays in the key set after its last signature: until its last token has expired, including those
    /// of a replica that learned of the change late, and until caches contain the key set of its successor.
    package func retention(maximumTokenLifetime: Int) -> Int {
        maximumTokenLifetime + Self.leeway + 2 * maximumAge + replicaWindow
    }

    /// When a retiring key leaves the key set; nil for a key in another state.
    package func end(_ key: KeyRing.Key) -> Date? {
        guard key.state == .retiring, let retired = key.retired else { return nil }
        return retired.addingTimeInterval(Double(retention(maximumTokenLifetime: key.maximumTokenLifetime)))
    }
}
