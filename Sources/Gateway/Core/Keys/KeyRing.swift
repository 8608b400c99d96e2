public import FoundationEssentials
public import JOSE

/// All keys of one endpoint. At most one signs; every key that a verifier may still need is in the key set.
public struct KeyRing: Sendable {
    public enum State: String, Sendable, Codable, CaseIterable {
        /// Signs.
        case active
    }

    public struct Key: Sendable {
        public let signingKey: SigningKey
        public let state: State
        public let created: Date
        public let certificate: KeyCertificate

        public init(signingKey: SigningKey, state: State, created: Date, certificate: KeyCertificate) {
            self.signingKey = signingKey
            self.state = state
            self.created = created
            self.certificate = certificate
        }
    }

    /// The endpoint's name.
    public let endpoint: String
    /// Random, made with the ring and never changed: tells its published documents from every other ring's.
    public let owner: String
    /// Grows by one with every write of the ring.
    public let revision: Int
    public let keys: [Key]

    public init(endpoint: String, owner: String, revision: Int = 1, keys: [Key]) {
        self.endpoint = endpoint
        self.owner = owner
        self.revision = revision
        self.keys = keys
    }

    public var active: Key? { keys.first { $0.state == .active } }

    /// What verifiers get.
    public var publicKeys: JSONWebKeySet { JSONWebKeySet(keys: keys.map(\.signingKey.publicKey)) }
}
