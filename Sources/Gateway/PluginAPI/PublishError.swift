/// Why a step of publishing failed; for the operator.
public struct PublishError: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Kind: String, Sendable, CaseIterable {
        /// The condition of a write does not hold: somebody else wrote.
        case conflict
        /// Refused: credentials or permissions.
        case denied
        /// Something in the configuration is not there, such as a bucket or a distribution.
        case misconfigured
        /// Asked too often; later is better.
        case throttled
        /// No answer, or a failure of the other side.
        case unavailable
        /// An answer that cannot be understood.
        case malformed
    }

    public let kind: Kind
    /// Lower case, no final period; what the other side said and what to do about it, without secrets.
    public let message: String
    /// Seconds after which the other side wants to be asked again.
    public let retryAfter: Int?
    /// What the other side's support finds the call by; another one with each call, so it is no part of the message.
    public let reference: String?

    public init(_ kind: Kind, _ message: String, retryAfter: Int? = nil, reference: String? = nil) {
        self.kind = kind
        self.message = message
        self.retryAfter = retryAfter
        self.reference = reference
    }

    public var description: String { message }
}
