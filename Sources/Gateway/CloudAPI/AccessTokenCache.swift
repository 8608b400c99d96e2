package import FoundationEssentials
package import GatewayPluginAPI
package import Logging

/// An access token of a cloud. `description` and `dump` are redacted.
package struct AccessToken: Sendable, Equatable, CustomStringConvertible, CustomDebugStringConvertible,
    CustomReflectable
{
    package let value: String
    /// nil where it is not known: then it is used for a minute.
    package let expiration: Date?

    package init(_ value: String, expiration: Date?) {
        self.value = value
        self.expiration = expiration
    }

    /// Whether it can be the value of a header field.
    package var isValidInHeaders: Bool { !value.isEmpty && value.utf8.allSatisfy { (0x21...0x7E).contains($0) } }

    package var description: String { "AccessToken(redacted)" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: [:]) }
}

/// A source of access tokens.
package protocol AccessTokenSource: Sendable {
    /// The word in `publish.credentials`.
    var name: String { get }

    /// Requests a token; nil where the source is not set up.
    func token() async throws(PublishError) -> AccessToken?
}

/// The token in use: that of the first source that is set up, renewed at half of its lifetime, by one caller while the
/// others wait.
package actor AccessTokenCache {
    private let sources: [any AccessTokenSource]
    private let now: @Sendable () -> Date
    private let logger: Logger
    private var cached: (token: AccessToken, renewal: Date)?
    private var isRenewing = false
    private var waiters: [CheckedContinuation<Result<AccessToken, PublishError>?, Never>] = []

    /// Seconds for which a token is used whose lifetime is not known.
    private static let unknownLifetime = 60.0

    package init(sources: [any AccessTokenSource], now: @escaping @Sendable () -> Date, logger: Logger) {
        self.sources = sources
        self.now = now
        self.logger = logger
    }

    /// How many calls wait for a renewal.
    package var waitingCalls: Int { waiters.count }

    /// Returns a token that is valid now.
    package func current() async throws(PublishError) -> String {
        while true {
            if let cached, now() < cached.renewal { return cached.token.value }
            guard isRenewing else { return try await renewForAll().value }
            if let result = await withCheckedContinuation({ waiters.append($0) }) { return try result.get().value }
        }
    }

    /// Forgets a token that a service has rejected. A younger one stays.
    package func discard(_ value: String) {
        if cached?.token.value == value { cached = nil }
    }

    /// Renews for all waiting callers. The failure of a cancelled task is its own: then another caller renews.
    private func renewForAll() async throws(PublishError) -> AccessToken {
        isRenewing = true
        let result = await renewed(at: now())
        isRenewing = false
        let isCancelled = if case .failure = result { Task.isCancelled } else { false }
        for waiter in waiters { waiter.resume(returning: isCancelled ? nil : result) }
        waiters = []
        return try result.get()
    }

    /// A token that is still valid stays in use where its renewal fails.
    private func renewed(at time: Date) async -> Result<AccessToken, PublishError> {
        do throws(PublishError) {
            let token = try await requested()
            let end = token.expiration ?? time.addingTimeInterval(2 * Self.unknownLifetime)
            guard end > now() else { throw PublishError(.denied, "the access token has expired; renew it") }
            cached = (token, time.addingTimeInterval(end.timeIntervalSince(time) / 2))
            return .success(token)
        } catch {
            guard let cached, let end = cached.token.expiration, end.timeIntervalSince(now()) > 60 else {
                return .failure(error)
            }
            logger.warning("credential renewal failed", metadata: ["reason": "\(error)"])
            // Half of the remaining lifetime, so that not every call tries a renewal.
            self.cached = (cached.token, now().addingTimeInterval(min(end.timeIntervalSince(now()) / 2, 60)))
            return .success(cached.token)
        }
    }

    private func requested() async throws(PublishError) -> AccessToken {
        for source in sources {
            guard let token = try await source.token() else { continue }
            guard token.isValidInHeaders else {
                throw PublishError(
                    .malformed, "the access token of \(source.name) has white space, a control or a non-ASCII character"
                )
            }
            return token
        }
        let names = sources.map(\.name).joined(separator: ", ")
        throw PublishError(
            .denied, "no source of publish.credentials (\(names)) is set up; set one up, or add another source")
    }
}
