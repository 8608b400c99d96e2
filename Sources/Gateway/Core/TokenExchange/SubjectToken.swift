package import JOSE

/// The ServiceAccount token that a Pod presents: parsed, not verified. Its `description` is redacted.
package struct SubjectToken: Sendable {
    /// The maximum length of a token, in bytes. Those of Kubernetes have one to two kilobytes.
    package static let maximumLength = 16_384

    /// The compact serialization, for the reviewer.
    package let compact: String
    package let jwt: SignedJWT
    package let claims: RegisteredClaims

    /// Parses a token.
    ///
    /// - Throws: `invalidSubjectToken(.malformed)` where it is not a signed JWT with an asymmetric algorithm.
    package init(parsing text: String) throws(TokenExchangeError) {
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
    package var description: String { "SubjectToken" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: [], displayStyle: .struct) }
}
