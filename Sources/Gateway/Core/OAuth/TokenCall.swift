/// A token call as it was read from its wire, before its subject token is looked at. It does not print.
public struct TokenCall: Sendable {
    public let wire: TokenExchangeRequest.Wire
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
    public func request() throws(TokenExchangeError) -> TokenExchangeRequest {
        TokenExchangeRequest(
            wire: wire, subjectToken: try SubjectToken(parsing: token), audience: audience, resource: resource,
            lifetime: lifetime)
    }
}

extension TokenCall: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { "TokenCall(\(wire))" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: ["wire": wire], displayStyle: .struct) }
}
