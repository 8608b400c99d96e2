public import FoundationEssentials
public import GatewayCore
public import JOSE

/// The key set that tokens are verified with: read at first use, read again when it is old or lacks a token's `kid`, and
/// kept when reading it again fails.
public actor KeySetCache {
    /// Where key sets come from. Its error is for the log.
    public typealias Load = @Sendable () async throws(TokenReviewFailure) -> JSONWebKeySet

    private let load: Load
    /// Seconds after which a key set is read again.
    private let maximumAge: Double
    /// Seconds between two readings for the sake of an unknown `kid`.
    private let minimumInterval: Double
    /// Seconds between two readings while none has succeeded.
    private static let firstRetryInterval = 1.0
    private var keys: JSONWebKeySet?
    private var lastAttempt: Date?
    private var isLoading = false

    public init(maximumAge: Double, minimumInterval: Double, load: @escaping Load) {
        self.maximumAge = maximumAge
        self.minimumInterval = minimumInterval
        self.load = load
    }

    /// The keys to verify a token of this `kid` with.
    ///
    /// - Throws: where no key set could be read yet.
    public func keys(for keyID: KeyID?, at now: Date) async throws(TokenReviewFailure) -> JSONWebKeySet {
        let age = lastAttempt.map { now.timeIntervalSince($0) } ?? .infinity
        let isUnknown = keys.map { keys in keyID.map { keys[$0] == nil } ?? false } ?? true
        let interval = keys == nil ? Self.firstRetryInterval : minimumInterval
        guard age >= maximumAge || (isUnknown && age >= interval) else {
            guard let keys else { throw TokenReviewFailure(retryAfter: 1, reason: "the key set could not be read yet") }
            return keys
        }
        guard !isLoading else {
            guard let keys, !isUnknown else { throw TokenReviewFailure(retryAfter: 1, reason: "the key set is being read") }
            return keys
        }
        isLoading = true
        lastAttempt = now
        defer { isLoading = false }
        do {
            let loaded = try await load()
            keys = loaded
            return loaded
        } catch {
            guard let keys else { throw error }
            return keys
        }
    }
}
