import FoundationEssentials
import GatewayPluginAPI
import Logging

/// The credentials in use: taken from the first way of the list that has any, renewed at half of their life, by one
/// caller while the others wait.
actor CredentialCache {
    private let ways: [(source: CredentialSource, provider: any CredentialProviding)]
    private let now: @Sendable () -> Date
    private let logger: Logger

    private var held: (key: AccessKey, renewal: Date?)?
    private var isRenewing = false
    private var waiters: [CheckedContinuation<Result<AccessKey, PublishError>?, Never>] = []

    init(
        ways: [(source: CredentialSource, provider: any CredentialProviding)], now: @escaping @Sendable () -> Date,
        logger: Logger
    ) {
        self.ways = ways
        self.now = now
        self.logger = logger
    }

    /// How many calls wait for a renewal.
    var waitingCalls: Int { waiters.count }

    func current() async throws(PublishError) -> AccessKey {
        while true {
            let time = now()
            if let held, held.renewal.map({ time < $0 }) ?? true { return held.key }
            guard isRenewing else { return try await lead(at: time) }
            if let result = await withCheckedContinuation({ waiters.append($0) }) { return try result.get() }
        }
    }

    /// Renews for all who wait. The failure of a task that was cancelled is its own: another of them renews then.
    private func lead(at time: Date) async throws(PublishError) -> AccessKey {
        isRenewing = true
        let result = await renew(at: time)
        isRenewing = false
        let isGivenUp = if case .failure = result { Task.isCancelled } else { false }
        for waiter in waiters { waiter.resume(returning: isGivenUp ? nil : result) }
        waiters = []
        return try result.get()
    }

    /// Takes credentials out of use that a service has refused.
    func forget(_ key: AccessKey) {
        if held?.key == key { held = nil }
    }

    /// Credentials that are still good outlast a failure of their renewal.
    private func renew(at time: Date) async -> Result<AccessKey, PublishError> {
        do throws(PublishError) {
            let key = try await take()
            if let end = key.expiration, end <= now() {
                throw PublishError(.denied, "the credentials ended at \(end.formatted(.iso8601)); renew them")
            }
            held = (key, key.expiration.map { time.addingTimeInterval($0.timeIntervalSince(time) / 2) })
            return .success(key)
        } catch {
            guard let held, let end = held.key.expiration, end.timeIntervalSince(now()) > 60 else {
                return .failure(error)
            }
            logger.warning("credentials not renewed, the old ones are still good", metadata: ["reason": "\(error)"])
            // Half of what is left, so that it is not asked with every call.
            let left = end.timeIntervalSince(now())
            self.held = (held.key, now().addingTimeInterval(min(left / 2, 60)))
            return .success(held.key)
        }
    }

    private func take() async throws(PublishError) -> AccessKey {
        for way in ways {
            guard let key = try await way.provider.credentials() else { continue }
            guard key.fitsHeaders else {
                throw PublishError(
                    .misconfigured,
                    "the credentials of \(way.source.rawValue) have a space, a line end or another character that no "
                        + "key has; write them anew")
            }
            return key
        }
        let names = ways.map(\.source.rawValue).joined(separator: ", ")
        throw PublishError(
            .denied, "none of publish.credentials (\(names)) is set up here; set one up, or name another in that list")
    }
}
