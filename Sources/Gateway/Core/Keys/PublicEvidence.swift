package import FoundationEssentials
package import JOSE

/// What was seen of a ring's documents out in the world.
package struct PublicEvidence: Sendable, Equatable {
    /// When the issuer URL was read.
    package let read: Date
    /// The keys it served then.
    package let served: Set<KeyID>
    /// The keys it should have served.
    package let expected: Set<KeyID>
    /// Whether everything had been done by then for it to serve them: the documents written, and the edges' old copies
    /// forgotten.
    package let isSettled: Bool

    package init(read: Date, served: Set<KeyID>, expected: Set<KeyID>, isSettled: Bool) {
        self.read = read
        self.served = served
        self.expected = expected
        self.isSettled = isSettled
    }
}
