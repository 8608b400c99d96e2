import FoundationEssentials
import GatewayPluginAPI
import Logging

/// The credentials in use: those of the first source that has any, renewed at half of their lifetime, by one caller while
/// the others wait.
actor CredentialCache {
    private let sources: [(source: CredentialSource, provider: any CredentialProviding)]
    private let now: @Sendable () -> Date
    private let logger: Logger

    private var cached: (key: AccessKey, renewal: Date?)?
    /// When the last self-issued session was requested; nil where the credentials have another source.
    private var sessionRequested: Date?
    private var isRenewing = false
    private var waiters: [CheckedContinuation<Result<AccessKey, PublishError>?, Never>] = []

    init(
        sources: [(source: CredentialSource, provider: any CredentialProviding)], now: @escaping @Sendable () -> Date,
        logger: Logger
    ) {
        self.sources = sources
        self.now = now
        self.logger = logger
    }

    /// How many calls wait for a renewal.
    var waitingCalls: Int { waiters.count }

    func current() async throws(PublishError) -> AccessKey {
        while true {
            let time = now()
            if let cached, cached.renewal.map({ time < $0 }) ?? true { return cached.key }
            guard isRenewing else { return try await lead(at: time) }
            if let result = await withCheckedContinuation({ waiters.append($0) }) { return try result.get() }
        }
    }

    /// Renews for all waiting callers. The failure of a cancelled task is its own: then another caller renews.
    private func lead(at time: Date) async throws(PublishError) -> AccessKey {
        isRenewing = true
        let result = await renew(at: time)
        isRenewing = false
        let isCancelled = if case .failure = result { Task.isCancelled } else { false }
        for waiter in waiters { waiter.resume(returning: isCancelled ? nil : result) }
        waiters = []
        return try result.get()
    }

    /// Discards credentials that a service rejected.
    func discard(_ key: AccessKey) {
        if cached?.key == key { cached = nil }
    }

    /// Discards a self-issued session to which a service denied a call: an administrator may have revoked the role's older
    /// sessions. A session that is younger than a minute is kept, since the next one would be denied too.
    ///
    /// - Returns: whether it was discarded.
    func discardDenied(_ key: AccessKey) -> Bool {
        guard cached?.key == key, let sessionRequested, now().timeIntervalSince(sessionRequested) >= 60 else {
            return false
        }
        cached = nil
        return true
    }

    /// Credentials that are still valid stay in use where their renewal fails.
    private func renew(at time: Date) async -> Result<AccessKey, PublishError> {
        do throws(PublishError) {
            let (key, source) = try await load()
            if let end = key.expiration, end <= now() {
                throw PublishError(.denied, "the credentials expired at \(end.formatted(.iso8601)); renew them")
            }
            sessionRequested = source == .selfIssued ? time : nil
            cached = (key, key.expiration.map { time.addingTimeInterval($0.timeIntervalSince(time) / 2) })
            return .success(key)
        } catch {
            guard let cached, let end = cached.key.expiration, end.timeIntervalSince(now()) > 60 else {
                return .failure(error)
            }
            logger.warning("credential renewal failed", metadata: ["reason": "\(error)"])
            // Half of the remaining lifetime, so that not every call tries a renewal.
            let left = end.timeIntervalSince(now())
            self.cached = (cached.key, now().addingTimeInterval(min(left / 2, 60)))
            return .success(cached.key)
        }
    }

    private func load() async throws(PublishError) -> (AccessKey, CredentialSource) {
        for entry in sources {
            guard let key = try await entry.provider.credentials() else { continue }
            guard key.isValidInHeaders else {
                throw PublishError(
                    .misconfigured,
                    "the credentials of \(entry.source.rawValue) have white space, a control or a non-ASCII character; "
                        + "correct them")
            }
            return (key, entry.source)
        }
        let names = sources.map(\.source.rawValue).joined(separator: ", ")
        throw PublishError(
            .denied, "no source of publish.credentials (\(names)) is set up; set one up, or add another source")
    }
}
