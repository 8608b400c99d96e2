package import FoundationEssentials
package import JOSE

/// The last observed state of a ring's documents at the issuer URL.
package struct PublicEvidence: Sendable, Equatable {
    /// When the issuer URL was read.
    package let read: Date
    /// The keys that it served.
    package let served: Set<KeyID>
    /// The keys of the ring at that time.
    package let expected: Set<KeyID>
    /// Whether publication was complete before the reading: documents written and CDN invalidations complete.
    package let isSettled: Bool
    /// Whether it served the discovery document that belongs to the expected keys.
    package let isDescribed: Bool

    /// - Parameter isDescribed: nil for that of `isSettled`.
    package init(
        read: Date, served: Set<KeyID>, expected: Set<KeyID>, isSettled: Bool, isDescribed: Bool? = nil
    ) {
        self.read = read
        self.served = served
        self.expected = expected
        self.isSettled = isSettled
        self.isDescribed = isDescribed ?? isSettled
    }
}
