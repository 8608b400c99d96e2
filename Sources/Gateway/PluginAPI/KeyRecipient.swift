public import JOSE

/// A relying party that stores the public keys of an issuer itself, and does not read the issuer URL. The gateway hands the
/// keys over to it. A recipient does single steps; the core decides which steps, in what order, and whose keys may be
/// replaced.
public protocol KeyRecipient: Sendable {
    /// Where the keys are stored, human-readable, such as the URL of a mount.
    var location: String { get }

    /// Returns the stored keys; nil where none were ever stored.
    ///
    /// - Throws: ``PublishError`` where the relying party cannot be asked.
    func stored() async throws(PublishError) -> StoredKeySet?

    /// Replaces the stored keys, and with them whatever else of the configuration the keys depend on. Other parts of the
    /// configuration are written back as they are.
    ///
    /// - Parameters:
    ///   - keys: all keys that verify from now on.
    ///   - stored: what ``stored()`` returned. Where the relying party has no conditional write, read again right before
    ///     the write, and compare.
    /// - Throws: ``PublishError/Kind/conflict`` where something else is stored; then nothing was written.
    func replace(_ stored: StoredKeySet?, with keys: JSONWebKeySet) async throws(PublishError)

    /// Whether the relying party accepts a token, where ``KeyHandOver/Confirmation/trial`` confirms keys. The token is
    /// used for this exchange only, and what the exchange returns is discarded.
    ///
    /// - Parameter token: signed with the new key; its `sub` is `sts-gateway:probe:<cluster>:<endpoint>`, which nothing
    ///   is granted to, so an answer that the subject lacks a permission means that the signature is accepted.
    /// - Throws: ``PublishError`` where the relying party has not decided.
    func accepts(_ token: String) async throws(PublishError) -> Bool
}

extension KeyRecipient {
    /// No trial is possible.
    public func accepts(_ token: String) async throws(PublishError) -> Bool {
        throw PublishError(.misconfigured, "the plugin has no trial exchange")
    }
}

/// The keys that a relying party stores for an issuer.
public struct StoredKeySet: Sendable, Equatable {
    /// The stored keys.
    public let keys: JSONWebKeySet
    /// What belongs to somebody else, human-readable, such as `bound_issuer "https://issuer.example.com"`, or a key that
    /// cannot be parsed. The gateway replaces nothing where there is something foreign.
    public let foreign: [String]
    /// Whether the rest of the configuration is as the settings require. The keys are handed over again where it is not.
    public let isComplete: Bool
    /// Whatever ``KeyRecipient/replace(_:with:)`` compares, such as an entity tag or a digest of the configuration.
    public let version: String

    /// Creates the state from its parts.
    public init(keys: JSONWebKeySet, foreign: [String] = [], isComplete: Bool = true, version: String) {
        self.keys = keys
        self.foreign = foreign
        self.isComplete = isComplete
        self.version = version
    }
}

/// How keys are handed over to a relying party, and what confirms that it has them.
public struct KeyHandOver: Sendable {
    /// What confirms that the relying party has the keys. The stored keys are read back in any case: right after the write,
    /// and once more a lease period later.
    public enum Confirmation: String, Sendable, CaseIterable {
        /// The stored keys are those that verify.
        case readBack
        /// A trial exchange, after the keys were read back: the relying party may store keys that it cannot use.
        case trial
        /// Nothing: the relying party does not report which keys its verifiers use. The wait alone has to be sufficient.
        case wait
    }

    /// What confirms a new key.
    public let confirmation: Confirmation
    /// How long the verifiers need; in place of ``EndpointDefaults/propagation``.
    public let propagation: KeyPropagation
    /// Whether the plugin proves itself with ``PublisherContext/ownToken``. Then the key ring always has a standby key that
    /// the relying party already holds, so that a revocation does not lock the gateway out.
    public let usesOwnToken: Bool
    /// The endpoint whose token ``PublisherContext/ownToken`` returns, for a relying party that lets no issuer change its
    /// own keys; nil for the endpoint itself. That endpoint's keys are published, not handed over.
    public let tokenEndpoint: String?
    /// Creates the recipient. Opening does no I/O.
    public let open: @Sendable (PublisherContext) -> any KeyRecipient

    /// Creates the description of a hand-over.
    public init(
        confirmation: Confirmation, propagation: KeyPropagation, usesOwnToken: Bool, tokenEndpoint: String? = nil,
        open: @escaping @Sendable (PublisherContext) -> any KeyRecipient
    ) {
        self.confirmation = confirmation
        self.propagation = propagation
        self.usesOwnToken = usesOwnToken
        self.tokenEndpoint = tokenEndpoint
        self.open = open
    }
}

/// How long the verifiers of a relying party need to learn of a change of the keys.
public struct KeyPropagation: Sendable, Equatable {
    /// When verifiers stop to honor a key that was removed.
    public enum OldKey: Sendable, Equatable {
        /// After that many seconds.
        case after(seconds: Int)
        /// With no time limit, such as until the verifier restarts or meets an unknown key; the text says until when.
        case until(String)
        /// The relying party does not document it.
        case undocumented
    }

    /// Seconds from the publication of a key to the moment at which every verifier honors it. The default of
    /// `rotation.propagation`.
    public let newKey: Int
    /// When verifiers stop to honor a key that was removed, as after a revocation.
    public let oldKey: OldKey
    /// Where that is known from, in one sentence, such as the vendor's documentation or reports.
    public let evidence: String

    /// Creates the description; the conformance suite checks it.
    public init(newKey: Int, oldKey: OldKey, evidence: String) {
        self.newKey = newKey
        self.oldKey = oldKey
        self.evidence = evidence
    }

    /// For a relying party of which nothing is known: 2 hours.
    public static let undocumented = KeyPropagation(
        newKey: 7_200, oldKey: .undocumented, evidence: "The relying party does not document it.")
}
