public import JOSE

/// The ServiceAccount token that a Pod presents: taken apart, not yet believed. It does not print.
public struct SubjectToken: Sendable {
    /// Longest token that is looked at, in bytes. Kubernetes' own are one to two kilobytes.
    public static let maximumLength = 16_384

    /// The compact serialization, for the reviewer.
    public let compact: String
    public let jwt: SignedJWT
    public let claims: RegisteredClaims

    /// - Throws: `invalidSubjectToken(.malformed)` where it is no signed JWT with an asymmetric algorithm.
    public init(parsing text: String) throws(TokenExchangeError) {
        guard text.utf8.count <= Self.maximumLength else { throw .invalidSubjectToken(.malformed) }
        do {
            self.jwt = try SignedJWT(parsing: text)
            self.claims = try jwt.claims()
        } catch {
            throw .invalidSubjectToken(.malformed)
        }
        self.compact = text
    }
}

extension SubjectToken: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { "SubjectToken" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: [], displayStyle: .struct) }
}
