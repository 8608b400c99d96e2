/// Why a step of provisioning failed; for the operator.
public struct ProvisioningError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Whether a repetition may succeed.
    public enum Kind: Sendable, Equatable {
        /// Throttling, no response, a concurrent change, or a new resource that is not usable yet.
        case transient
        /// A repetition fails the same way, such as a missing permission.
        case permanent
    }

    /// Whether a repetition may succeed.
    public let kind: Kind
    /// What failed and what to do, in lower case and without a final period; without secrets.
    public let message: String
    /// Seconds to wait before the repetition, where the server sent them (RFC 9110 §10.2.3).
    public let retryAfter: Int?
    /// What to do, where the message does not have it already; nil for nothing.
    public let advice: String?

    /// Creates an error.
    public init(_ kind: Kind, _ message: String, retryAfter: Int? = nil, advice: String? = nil) {
        self.kind = kind
        self.message = message
        self.retryAfter = retryAfter
        self.advice = advice
    }

    /// The message, and what to do.
    public var description: String { message + (advice.map { "; \($0)" } ?? "") }
}
