public import FoundationEssentials
public import JOSE

/// What was seen of a ring's documents out in the world.
public struct PublicEvidence: Sendable, Equatable {
    /// When the issuer URL was read.
    public let read: Date
    /// The keys it served then.
    public let served: Set<KeyID>
    /// The keys it should have served.
    public let expected: Set<KeyID>
    /// Whether everything had been done by then for it to serve them: the documents written, and the edges' old copies
    /// forgotten.
    public let isSettled: Bool

    public init(read: Date, served: Set<KeyID>, expected: Set<KeyID>, isSettled: Bool) {
        self.read = read
        self.served = served
        self.expected = expected
        self.isSettled = isSettled
    }
}
