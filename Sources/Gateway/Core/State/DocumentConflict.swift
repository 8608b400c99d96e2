package import FoundationEssentials

/// What a replica knows where the store contains another document than the one that it holds.
package struct DocumentConflict: Sendable, Equatable {
    /// What clients are served.
    package enum Reading: Sendable, Equatable {
        /// Not read yet.
        case pending
        /// It cannot be read, or is not to be read.
        case unknown
        /// The ids of what is served.
        case served(Set<String>)
    }

    /// Since when the replica has held a document of its own document's owner.
    package let held: Date
    /// When the store was first seen to contain the other document.
    package let seen: Date
    package let now: Date
    /// How long a replica may go by a document that the store has not confirmed, in seconds.
    package let window: Double
    package let reading: Reading

    package init(held: Date, seen: Date, now: Date, window: Double, reading: Reading) {
        self.held = held
        self.seen = seen
        self.now = now
        self.window = window
        self.reading = reading
    }

    package var isWithinWindow: Bool { now.timeIntervalSince(seen) < window }
}
