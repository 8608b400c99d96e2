/// Reads a token request from its form or its bearer token.
package enum TokenRequestReader {
    package static let grantType = "urn:ietf:params:oauth:grant-type:token-exchange"
    package static let jwtType = "urn:ietf:params:oauth:token-type:jwt"
    /// The accepted token type identifiers (RFC 8693 §3) of ServiceAccount tokens.
    static let subjectTokenTypes: Set<String> = [
        jwtType, "urn:ietf:params:oauth:token-type:id_token", "urn:ietf:params:oauth:token-type:access_token",
    ]

    /// Reads `POST <path>/token` (RFC 8693 §2.1).
    ///
    /// - Parameters:
    ///   - authorization: the values of the `Authorization` header fields, each as sent.
    ///   - query: the raw query, without its question mark.
    package static func tokenExchange(
        form body: [UInt8], contentType: String?, authorization: [String], query: String?
    ) throws(TokenRequestError) -> TokenExchangeRequest {
        let parameters: (token: String, audience: String?, resource: String?, lifetime: Int?)
        do throws(OAuthError) {
            parameters = try Self.parameters(body, contentType, authorization, query)
        } catch {
            throw .malformed(error)
        }
        return TokenExchangeRequest(
            wire: .tokenExchange, subjectToken: try subjectToken(parsing: parameters.token),
            audience: parameters.audience, resource: parameters.resource, lifetime: parameters.lifetime)
    }

    /// Reads `/token/user` and `/sig-cert`, which have a bearer token only (RFC 6750 §2.1). Other credentials are answered
    /// with a challenge (RFC 6750 §3).
    package static func bearer(
        authorization: [String], query: String?
    ) throws(TokenRequestError) -> TokenExchangeRequest {
        let token: String
        do throws(OAuthError) {
            guard !hasToken(inQuery: query) else { throw OAuthError.bearerInQuery }
            guard authorization.count <= 1 else { throw .invalidRequest("the Authorization header is repeated") }
            guard let bearer = authorization.first.flatMap(bearerToken(in:)) else { throw OAuthError.missingBearer }
            token = bearer
        } catch {
            throw .malformed(error)
        }
        return TokenExchangeRequest(wire: .bearer, subjectToken: try subjectToken(parsing: token))
    }

    private static func subjectToken(parsing text: String) throws(TokenRequestError) -> SubjectToken {
        do {
            return try SubjectToken(parsing: text)
        } catch {
            throw .malformedSubjectToken
        }
    }

    private static func parameters(
        _ body: [UInt8], _ contentType: String?, _ authorization: [String], _ query: String?
    ) throws(OAuthError) -> (token: String, audience: String?, resource: String?, lifetime: Int?) {
        guard !hasToken(inQuery: query) else { throw .invalidRequest(OAuthError.tokenInQuery) }
        guard isForm(contentType) else {
            throw .invalidRequest("the content type must be application/x-www-form-urlencoded")
        }
        let form = try FormParameters(parsing: body)
        guard let grant = form["grant_type"] else { throw .invalidRequest("grant_type is missing") }
        guard grant == grantType else {
            throw OAuthError(
                status: 400, code: .unsupportedGrantType, description: "the only grant_type here is \(grantType)")
        }
        for name in ["actor_token", "actor_token_type"] where form[name] != nil {
            throw .invalidRequest("\(name) is not supported")
        }
        if let type = form["requested_token_type"], type != jwtType {
            throw .invalidRequest("the only requested_token_type here is \(jwtType)")
        }
        let subjectToken = try subjectToken(form, bearer: bearerToken(authorization))
        var lifetime: Int?
        if let text = form["expires_in"] {
            guard let seconds = Int(text), seconds > 0 else {
                throw .invalidRequest("expires_in must be a positive number of seconds")
            }
            lifetime = seconds
        }
        return (subjectToken, form["audience"], form["resource"], lifetime)
    }

    private static func subjectToken(_ form: FormParameters, bearer: String?) throws(OAuthError) -> String {
        if let type = form["subject_token_type"], !subjectTokenTypes.contains(type) {
            throw .invalidRequest("the subject_token_type must be \(jwtType)")
        }
        switch (form["subject_token"], bearer) {
        case (.some, .some): throw .invalidRequest("give subject_token or a bearer token, not both")
        case (.none, .none): throw .invalidRequest("subject_token is missing")
        case (.none, .some(let token)): return token
        case (.some(let token), .none):
            guard form["subject_token_type"] != nil else { throw .invalidRequest("subject_token_type is missing") }
            return token
        }
    }

    /// The bearer token; nil without an `Authorization` header field.
    private static func bearerToken(_ authorization: [String]) throws(OAuthError) -> String? {
        guard authorization.count <= 1 else { throw .invalidRequest("the Authorization header is repeated") }
        guard let value = authorization.first else { return nil }
        guard let token = bearerToken(in: value) else {
            throw .invalidRequest("the Authorization header must hold a bearer token")
        }
        return token
    }

    /// The token of `Bearer <token>` (RFC 6750 §2.1); nil for another scheme, and for a scheme or a token alone.
    private static func bearerToken(in value: String) -> String? {
        let parts = value.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "bearer" else { return nil }
        return String(parts[1].drop { $0 == " " })
    }

    /// Whether it is the media type of a form, in any case and with any parameters (RFC 9110 §8.3.1). White space is
    /// allowed around it, not within.
    private static func isForm(_ contentType: String?) -> Bool {
        guard let type = contentType?.utf8.prefix(while: { $0 != UInt8(ascii: ";") }) else { return false }
        func isSpace(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }
        let start = type.drop(while: isSpace)
        let end = start.lastIndex { !isSpace($0) }.map(start.index(after:)) ?? start.startIndex
        return start[..<end].elementsEqual(formType.utf8) { byte, lowercase in
            (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 == lowercase : byte == lowercase
        }
    }

    private static let formType = "application/x-www-form-urlencoded"

    /// Whether a token is in the query (RFC 6750 §2.3), which servers log.
    private static func hasToken(inQuery query: String?) -> Bool {
        guard let query else { return false }
        return query.split(separator: "&").contains { pair in
            ["access_token", "subject_token"].contains(pair.prefix { $0 != "=" }.lowercased())
        }
    }
}
