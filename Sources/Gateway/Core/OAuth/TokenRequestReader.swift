/// Reads a token call once, at the edge: the form or the bearer header.
package enum TokenRequestReader {
    package static let grantType = "urn:ietf:params:oauth:grant-type:token-exchange"
    package static let jwtType = "urn:ietf:params:oauth:token-type:jwt"
    /// RFC 8693 §3; a ServiceAccount token may be called any of these.
    static let subjectTokenTypes: Set<String> = [
        jwtType, "urn:ietf:params:oauth:token-type:id_token", "urn:ietf:params:oauth:token-type:access_token",
    ]

    /// `POST <path>/token` (RFC 8693 §2.1).
    ///
    /// - Parameters:
    ///   - authorization: the `Authorization` headers' values, each as sent.
    ///   - query: the raw query, without its question mark.
    package static func tokenExchange(
        form body: [UInt8], contentType: String?, authorization: [String], query: String?
    ) throws(OAuthError) -> TokenCall {
        try refuseTokenInQuery(query)
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
        return TokenCall(
            wire: .tokenExchange, token: subjectToken, audience: form["audience"], resource: form["resource"],
            lifetime: lifetime)
    }

    /// `/token/user` and `/sig-cert`: the bearer token alone (RFC 6750 §2.1).
    package static func bearer(authorization: [String], query: String?) throws(OAuthError) -> TokenCall {
        try refuseTokenInQuery(query)
        guard let token = try bearerToken(authorization) else { throw .missingBearer }
        return TokenCall(wire: .bearer, token: token)
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

    /// The one bearer token; nil without an `Authorization` header.
    private static func bearerToken(_ authorization: [String]) throws(OAuthError) -> String? {
        guard authorization.count <= 1 else { throw .invalidRequest("the Authorization header is repeated") }
        guard let value = authorization.first else { return nil }
        let parts = value.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "bearer" else {
            throw .invalidRequest("the Authorization header must hold a bearer token")
        }
        return String(parts[1].drop { $0 == " " })
    }

    private static func isForm(_ contentType: String?) -> Bool {
        guard let type = contentType?.split(separator: ";").first else { return false }
        return type.lowercased().filter { $0 != " " && $0 != "\t" } == "application/x-www-form-urlencoded"
    }

    /// RFC 6750 §2.3's way is refused: a query is written into logs.
    private static func refuseTokenInQuery(_ query: String?) throws(OAuthError) {
        guard let query else { return }
        for pair in query.split(separator: "&") {
            let name = pair.prefix { $0 != "=" }.lowercased()
            if name == "access_token" || name == "subject_token" {
                throw .invalidRequest("a token in the query string is refused; send it in the body or the header")
            }
        }
    }
}
