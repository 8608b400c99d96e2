/// The port to where key rings are kept. Every write is compare-and-swap, so two replicas never make two keys.
package protocol SigningKeyStore: Sendable {
    /// The endpoint's ring; nil where there is none yet.
    func load(endpoint: String) async throws(KeyStoreError) -> StoredKeyRing?

    /// Writes a ring in place of the one that was read.
    ///
    /// - Parameter expected: the version that was read; nil where there was no ring.
    /// - Throws: `conflict` where the store holds another version by now; read again then.
    func save(_ ring: KeyRing, replacing expected: KeyRingVersion?) async throws(KeyStoreError) -> KeyRingVersion

    /// Deletes a ring for good.
    ///
    /// - Throws: `conflict` where the store holds another version by now.
    func delete(endpoint: String, version: KeyRingVersion) async throws(KeyStoreError)

    /// The endpoints that have a ring here, whether it can be read or not, in the order of their names.
    func endpoints() async throws(KeyStoreError) -> [String]
}

/// A ring as read, with what a later write compares.
package struct StoredKeyRing: Sendable {
    package let ring: KeyRing
    package let version: KeyRingVersion

    package init(ring: KeyRing, version: KeyRingVersion) {
        self.ring = ring
        self.version = version
    }
}

/// What a store tells two states of a ring apart by; of no meaning outside it.
package struct KeyRingVersion: RawRepresentable, Hashable, Sendable {
    package let rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }
}

/// Why a ring was not read or written; for the operator, and never with anything of a key.
package enum KeyStoreError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Somebody else wrote in between.
    case conflict
    /// What is kept is no ring of this endpoint.
    case malformed(String)
    /// The ring was written by a newer gateway.
    case newerVersion(Int)
    /// The store does not answer or does not let us.
    case unavailable(String)
    /// What an operator asks for is not to be done with what is there; the whole text.
    case refused(String)

    package var description: String {
        switch self {
        case .conflict: "the key ring was written by somebody else in between"
        case .malformed(let why):
            "the key ring is unreadable: \(why); restore it from a backup, or move it away to have a new key made"
        case .newerVersion(let version):
            "the key ring has format version \(version), and this gateway reads up to \(KeyRingDocument.version); use a newer gateway"
        case .unavailable(let why): "the key store is unavailable: \(why)"
        case .refused(let why): why
        }
    }
}
