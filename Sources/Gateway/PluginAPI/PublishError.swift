/// Why a step of publishing failed; for the operator.
public struct PublishError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The class of an error, which decides about metrics and retries.
    public enum Kind: String, Sendable, CaseIterable {
        /// The condition of a write does not hold: another writer was first.
        case conflict
        /// Credentials are missing, not valid, or lack a permission.
        case denied
        /// Something that the configuration names does not exist, such as a bucket or a distribution.
        case misconfigured
        /// Too many requests; see ``PublishError/retryAfter``.
        case throttled
        /// No response, or a failure of the server (5xx).
        case unavailable
        /// A response that cannot be parsed.
        case malformed
    }

    /// The class of the error.
    public let kind: Kind
    /// What the server answered and what to do, in lower case and without a final period; without secrets.
    public let message: String
    /// Seconds to wait before the next request, where the server sent them (RFC 9110 §10.2.3).
    public let retryAfter: Int?
    /// The request id by which the server's support finds the call. It differs with each call, so it is not part of the
    /// message.
    public let reference: String?

    /// Creates an error of that class.
    public init(_ kind: Kind, _ message: String, retryAfter: Int? = nil, reference: String? = nil) {
        self.kind = kind
        self.message = message
        self.retryAfter = retryAfter
        self.reference = reference
    }

    /// The message.
    public var description: String { message }
}
