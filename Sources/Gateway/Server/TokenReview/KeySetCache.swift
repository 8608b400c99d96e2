package import FoundationEssentials
package import GatewayCore
package import JOSE

/// A cache of the key set that tokens are verified with: loaded at first use, and again when it is old or lacks the
/// `kid` of a token. The last key set stays in use when loading fails.
package actor KeySetCache {
    /// Loads a key set. The error is for the log.
    package typealias Load = @Sendable () async throws(TokenReviewFailure) -> JSONWebKeySet

    private let load: @Sendable (Date) async throws(TokenReviewFailure) -> JSONWebKeySet
    /// Seconds after which a key set is loaded again.
    private let maximumAge: Double
    /// Seconds between two attempts for an unknown `kid`.
    private let minimumInterval: Double
    /// Seconds between two attempts while none has succeeded.
    private let firstRetryInterval: Double
    private var keys: JSONWebKeySet?
    private var lastAttempt: Date?
    private var isLoading = false
    /// Calls that wait for the attempt in progress: there is no key set yet, or it lacks their `kid`.
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

    /// - Parameter loadAt: loads a key set; the argument is the time of the lookup.
    init(
        maximumAge: Double, minimumInterval: Double, firstRetryInterval: Double,
        loadAt load: @escaping @Sendable (Date) async throws(TokenReviewFailure) -> JSONWebKeySet
    ) {
        self.maximumAge = maximumAge
        self.minimumInterval = minimumInterval
        self.firstRetryInterval = firstRetryInterval
        self.load = load
    }

    /// Returns the keys to verify a token of this `kid` with.
    ///
    /// - Throws: where no key set was loaded yet.
    package func keys(for keyID: KeyID?, at now: Date) async throws(TokenReviewFailure) -> JSONWebKeySet {
        try await lookUp(keyID, at: now).keys
    }

    /// Returns the keys, and whether this call has loaded them: only then is a missing `kid` conclusive.
    ///
    /// - Throws: as ``keys(for:at:)``.
    func lookUp(_ keyID: KeyID?, at now: Date) async throws(TokenReviewFailure) -> (keys: JSONWebKeySet, isNew: Bool) {
        if isLoading, isUnknown(keyID) { await withCheckedContinuation { waiting.append($0) } }
        // An attempt in the future: the clock was set back.
        let age =
            lastAttempt.map { $0 <= now.addingTimeInterval(1) ? now.timeIntervalSince($0) : .infinity } ?? .infinity
        let isUnknown = self.isUnknown(keyID)
        let interval = keys == nil ? firstRetryInterval : minimumInterval
        guard age >= maximumAge || (isUnknown && age >= interval) else {
            guard let keys else { throw TokenReviewFailure(retryAfter: 1, reason: "the key set was not loaded yet") }
            return (keys, false)
        }
        guard !isLoading else {
            guard let keys, !isUnknown else {
                throw TokenReviewFailure(retryAfter: 1, reason: "the key set is being loaded")
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
