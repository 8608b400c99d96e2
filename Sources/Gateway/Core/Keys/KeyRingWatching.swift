/// The port to what becomes of the rings in a store, as other replicas and people change them.
package protocol KeyRingWatching: Sendable {
    /// Tells of every ring there is, then of every change, until the task is cancelled. Failures of the store are retried
    /// with backoff and logged; while they last nothing is told.
    func watch(_ tell: @Sendable (KeyRingNews) async -> Void) async
}

/// What a watch of a store tells.
package enum KeyRingNews: Sendable {
    /// This is the endpoint's ring now.
    case ring(endpoint: String, StoredKeyRing)
    /// What is kept for the endpoint is no ring that this gateway can use.
    case unusable(endpoint: String, KeyStoreError)
    /// There is no ring of the endpoint any more.
    case gone(endpoint: String)
    /// All that was told so far was the newest when this was told: after each whole listing, which is told ring by ring,
    /// and whenever the store shows that the watch is alive.
    ///
    /// - Parameter endpoints: all that have a ring, usable or not; nil where only the watch showed that it is alive.
    case confirmed(endpoints: Set<String>?)
}
