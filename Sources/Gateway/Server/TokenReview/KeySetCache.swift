package import FoundationEssentials
package import GatewayCore
package import JOSE

/// The key set that tokens are verified with: read at first use, read again when it is old or lacks a token's `kid`,
/// and kept when reading it again fails.
package actor KeySetCache {
    /// Where key sets come from. Its error is for the log.
    package typealias Load = @Sendable () async throws(TokenReviewFailure) -> JSONWebKeySet

    private let load: @Sendable (Date) async throws(TokenReviewFailure) -> JSONWebKeySet
    /// Seconds after which a key set is read again.
    private let maximumAge: Double
    /// Seconds between two readings for the sake of an unknown `kid`.
    private let minimumInterval: Double
    /// Seconds between two readings while none has succeeded.
    private let firstRetryInterval: Double
    private var keys: JSONWebKeySet?
    private var lastAttempt: Date?
    private var isLoading = false
    /// Calls that came during a reading and need it: the very first one, or one while their `kid` is unknown.
    private var waiting: [CheckedContinuation<Void, Never>] = []

    /// Whether a key set was read at least once.
    var isRead: Bool { keys != nil }

    /// How many calls wait for a reading.
    var waitingCalls: Int { waiting.count }

    package init(maximumAge: Double, minimumInterval: Double, load: @escaping Load) {
        self.init(maximumAge: maximumAge, minimumInterval: minimumInterval, firstRetryInterval: 1) {
            _ throws(TokenReviewFailure) in try await load()
        }
    }

    /// - Parameter loadAt: gets the time of the lookup that it is for.
    init(
        maximumAge: Double, minimumInterval: Double, firstRetryInterval: Double,
        loadAt load: @escaping @Sendable (Date) async throws(TokenReviewFailure) -> JSONWebKeySet
    ) {
        self.maximumAge = maximumAge
        self.minimumInterval = minimumInterval
        self.firstRetryInterval = firstRetryInterval
        self.load = load
    }

    /// The keys to verify a token of this `kid` with.
    ///
    /// - Throws: where no key set could be read yet.
    package func keys(for keyID: KeyID?, at now: Date) async throws(TokenReviewFailure) -> JSONWebKeySet {
        try await lookUp(keyID, at: now).keys
    }

    /// The keys, and whether this very call has read them: only then does a `kid` that they lack say something of it.
    ///
    /// - Throws: as ``keys(for:at:)``.
    func lookUp(_ keyID: KeyID?, at now: Date) async throws(TokenReviewFailure) -> (keys: JSONWebKeySet, isNew: Bool) {
        if isLoading, isUnknown(keyID) { await withCheckedContinuation { waiting.append($0) } }
        let age = lastAttempt.map { now.timeIntervalSince($0) } ?? .infinity
        let isUnknown = self.isUnknown(keyID)
        let interval = keys == nil ? firstRetryInterval : minimumInterval
        guard age >= maximumAge || (isUnknown && age >= interval) else {
            guard let keys else { throw TokenReviewFailure(retryAfter: 1, reason: "the key set could not be read yet") }
            return (keys, false)
        }
        guard !isLoading else {
            guard let keys, !isUnknown else {
                throw TokenReviewFailure(retryAfter: 1, reason: "the key set is being read")
            }
            return (keys, false)
        }
        isLoading = true
        lastAttempt = now
        defer {
            isLoading = false
            for call in waiting { call.resume() }
            waiting = []
        }
        do {
            let loaded = try await load(now)
            keys = loaded
            return (loaded, true)
        } catch {
            guard let keys else { throw error }
            return (keys, false)
        }
    }

    /// Whether there is no key set yet, or none with that key.
    private func isUnknown(_ keyID: KeyID?) -> Bool {
        guard let keys else { return true }
        return keyID.map { keys[$0] == nil } ?? false
    }
}
