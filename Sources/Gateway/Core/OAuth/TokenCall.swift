/// A token call as it was read from its wire, before its subject token is looked at. It does not print.
package struct TokenCall: Sendable {
    package let wire: TokenExchangeRequest.Wire
    private let token: String
    private let audience: String?
    private let resource: String?
    private let lifetime: Int?

    init(
        wire: TokenExchangeRequest.Wire, token: String, audience: String? = nil, resource: String? = nil,
        lifetime: Int? = nil
    ) {
        self.wire = wire
        self.token = token
        self.audience = audience
        self.resource = resource
        self.lifetime = lifetime
    }

    /// - Throws: `invalidSubjectToken(.malformed)`.
    package func request() throws(TokenExchangeError) -> TokenExchangeRequest {
        TokenExchangeRequest(
            wire: wire, subjectToken: try SubjectToken(parsing: token), audience: audience, resource: resource,
            lifetime: lifetime)
    }
}

extension TokenCall: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "TokenCall(\(wire))" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: ["wire": wire], displayStyle: .struct) }
}
