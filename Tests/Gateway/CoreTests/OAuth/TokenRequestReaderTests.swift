import GatewayCore
import GatewayTestSupport
import Testing

@Suite("Reading a token request")
struct TokenRequestReaderTests {
    let token: String

    init() throws { token = try TestCluster(key: TestKeys.ec).token(at: ExampleEndpoint.now) }

    private func read(
        _ parameters: [(String, String)], contentType: String? = "application/x-www-form-urlencoded",
        authorization: [String] = [], query: String? = nil
    ) throws(OAuthError) -> TokenExchangeRequest {
        let body = parameters.map { "\($0.0)=\($0.1)" }.joined(separator: "&")
        do throws(TokenRequestError) {
            return try TokenRequestReader.tokenExchange(
                form: Array(body.utf8), contentType: contentType, authorization: authorization, query: query)
        } catch {
            throw Self.answer(to: error, .tokenExchange)
        }
    }

    private static func answer(to error: TokenRequestError, _ wire: TokenExchangeRequest.Wire) -> OAuthError {
        switch error {
        case .malformed(let error): error
        case .malformedSubjectToken: OAuthError(.invalidSubjectToken(.malformed), wire: wire)
        }
    }

    private var good: [(String, String)] {
        [
            ("grant_type", "urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange"),
            ("subject_token_type", "urn:ietf:params:oauth:token-type:jwt"),
            ("subject_token", token),
        ]
    }

    private func replacing(_ name: String, _ value: String?) -> [(String, String)] {
        good.filter { $0.0 != name } + (value.map { [(name, $0)] } ?? [])
    }

    @Test("A request with all optional parameters of RFC 8693 is read")
    func full() throws {
        let request = try read(
            good + [
                ("audience", "https%3A%2F%2Fexample.com"), ("resource", "https://example.com"), ("scope", "ignored"),
                ("requested_token_type", "urn:ietf:params:oauth:token-type:jwt"), ("expires_in", "300"),
            ], contentType: "application/x-www-form-urlencoded; charset=utf-8")
        #expect(request.wire == .tokenExchange)
        #expect(request.subjectToken.compact == token)
        #expect(request.audience == "https://example.com")
        #expect(request.resource == "https://example.com")
        #expect(request.lifetime == 300)
    }

    @Test(
        "Three token types are accepted for ServiceAccount tokens",
        arguments: ["jwt", "id_token", "access_token"])
    func subjectTokenTypes(type: String) throws {
        _ = try read(replacing("subject_token_type", "urn:ietf:params:oauth:token-type:\(type)"))
    }

    @Test("The subject token may be the bearer token")
    func bearerInstead() throws {
        let request = try read(replacing("subject_token", nil), authorization: ["bearer \(token)"])
        #expect(request.subjectToken.compact == token)
    }

    @Test("An empty parameter is absent")
    func emptyParameters() throws {
        let request = try read(good + [("audience", ""), ("actor_token", ""), ("expires_in", "")])
        #expect(request.audience == nil)
        #expect(request.lifetime == nil)
    }

    @Test("Every row of the error table")
    func errors() throws {
        let rows: [(String, OAuthError.Code, () throws(OAuthError) -> TokenExchangeRequest)] = [
            (
                "no grant", .invalidRequest,
                { () throws(OAuthError) in try self.read(self.replacing("grant_type", nil)) }
            ),
            (
                "another grant", .unsupportedGrantType,
                { () throws(OAuthError) in try self.read(self.replacing("grant_type", "client_credentials")) }
            ),
            (
                "no subject token", .invalidRequest,
                { () throws(OAuthError) in try self.read(self.replacing("subject_token", nil)) }
            ),
            (
                "no subject token type", .invalidRequest,
                { () throws(OAuthError) in try self.read(self.replacing("subject_token_type", nil)) }
            ),
            (
                "another subject token type", .invalidRequest,
                { () throws(OAuthError) in
                    try self.read(self.replacing("subject_token_type", "urn:ietf:params:oauth:token-type:saml2"))
                }
            ),
            (
                "another requested type", .invalidRequest,
                { () throws(OAuthError) in
                    try self.read(
                        self.good + [("requested_token_type", "urn:ietf:params:oauth:token-type:access_token")])
                }
            ),
            (
                "an actor", .invalidRequest,
                { () throws(OAuthError) in try self.read(self.good + [("actor_token", "x")]) }
            ),
            (
                "a repeated parameter", .invalidRequest,
                { () throws(OAuthError) in try self.read(self.good + [("subject_token", self.token)]) }
            ),
            (
                "a repeated parameter that is ignored", .invalidRequest,
                { () throws(OAuthError) in try self.read(self.good + [("scope", "a"), ("scope", "b")]) }
            ),
            (
                "both ways at once", .invalidRequest,
                { () throws(OAuthError) in try self.read(self.good, authorization: ["Bearer \(self.token)"]) }
            ),
            (
                "another scheme", .invalidRequest,
                { () throws(OAuthError) in
                    try self.read(self.replacing("subject_token", nil), authorization: ["Basic dXNlcjpwYXNz"])
                }
            ),
            (
                "no form", .invalidRequest,
                { () throws(OAuthError) in try self.read(self.good, contentType: "application/json") }
            ),
            (
                "no content type", .invalidRequest,
                { () throws(OAuthError) in try self.read(self.good, contentType: nil) }
            ),
            (
                "a token in the query", .invalidRequest,
                { () throws(OAuthError) in try self.read(self.good, query: "x=1&access_token=\(self.token)") }
            ),
            (
                "no number", .invalidRequest,
                { () throws(OAuthError) in try self.read(self.good + [("expires_in", "soon")]) }
            ),
            (
                "a negative number", .invalidRequest,
                { () throws(OAuthError) in try self.read(self.good + [("expires_in", "-1")]) }
            ),
            (
                "broken percent-encoding", .invalidRequest,
                { () throws(OAuthError) in try self.read(self.good + [("scope", "%zz")]) }
            ),
            (
                "no UTF-8", .invalidRequest, { () throws(OAuthError) in try self.read(self.good + [("scope", "%ff")]) }
            ),
            (
                "a truncated token", .invalidRequest,
                { () throws(OAuthError) in
                    try self.read(self.replacing("subject_token", String(self.token.prefix(100))))
                }
            ),
            (
                "alg none", .invalidRequest,
                { () throws(OAuthError) in
                    try self.read(self.replacing("subject_token", "eyJhbGciOiJub25lIn0.e30."))
                }
            ),
            (
                "an oversized token", .invalidRequest,
                { () throws(OAuthError) in
                    try self.read(self.replacing("subject_token", String(repeating: "a", count: 20_000)))
                }
            ),
        ]
        for (row, code, attempt) in rows {
            do {
                _ = try attempt()
                Issue.record("\(row) was taken")
            } catch {
                #expect(error.code == code, "\(row)")
                #expect(error.status == 400, "\(row)")
                #expect(error.challenge == nil, "\(row)")
                for part in token.split(separator: ".") { #expect(!error.description.contains(part), "\(row)") }
            }
        }
    }

    @Test("Errors of bearer requests have challenges")
    func bearerWire() throws {
        func failure(_ authorization: [String], query: String? = nil) -> OAuthError? {
            do throws(TokenRequestError) {
                _ = try TokenRequestReader.bearer(authorization: authorization, query: query)
                return nil
            } catch {
                return Self.answer(to: error, .bearer)
            }
        }
        #expect(failure(["Bearer \(token)"]) == nil)
        #expect(failure(["BEARER  \(token)"]) == nil)
        let missing = try #require(failure([]))
        #expect(missing.status == 401)
        #expect(missing.challenge?.headerValue == #"Bearer realm="sts-gateway""#)
        let malformed = try #require(failure(["Bearer garbage"]))
        #expect(malformed.status == 401)
        #expect(malformed.code == .invalidToken)
        #expect(malformed.challenge?.headerValue.contains(#"error="invalid_token""#) == true)
        #expect(failure(["Bearer a", "Bearer b"])?.status == 400)
    }

    @Test(
        "Credentials other than a bearer token are answered with a challenge that names Bearer (RFC 6750 §3)",
        arguments: [
            #"Digest username="a", realm="b", response="c""#, "DPoP abc", "Basic dTpw", "abc", "Bearer", "Bearer ", "",
        ])
    func otherCredentials(value: String) throws {
        for query in [nil, "access_token=x"] {
            do throws(TokenRequestError) {
                _ = try TokenRequestReader.bearer(authorization: [value], query: query)
                Issue.record("\(value) was taken")
            } catch {
                let answer = Self.answer(to: error, .bearer)
                #expect(answer.status == 401)
                #expect(answer.challenge?.headerValue == #"Bearer realm="sts-gateway""#)
            }
        }
        // On the token exchange the client's credentials are one parameter among others.
        do {
            _ = try read(good, authorization: [value])
            Issue.record("\(value) was taken")
        } catch {
            #expect(error.status == 400)
            #expect(error.code == .invalidRequest)
        }
    }

    @Test("A bearer token in the query is refused, also beside one in the header")
    func bearerInQuery() throws {
        for authorization in [[], ["Bearer \(token)"]] {
            do throws(TokenRequestError) {
                _ = try TokenRequestReader.bearer(authorization: authorization, query: "a=b&access_token=\(token)")
                Issue.record("it was taken")
            } catch {
                let answer = Self.answer(to: error, .bearer)
                #expect(answer.status == 401)
                #expect(answer.challenge != nil)
            }
        }
    }

    @Test(
        "The media type is read without case, with parameters and with white space around it, not within",
        arguments: [
            ("application/x-www-form-urlencoded", true), ("APPLICATION/X-WWW-Form-URLEncoded;charset=UTF-8", true),
            ("\t application/x-www-form-urlencoded ; charset=utf-8", true),
            ("application/x-www-form -urlencoded", false), ("application /x-www-form-urlencoded", false),
            ("application/x-www-form-urlencoded2", false), (";application/x-www-form-urlencoded", false), ("", false),
        ])
    func mediaTypes(value: String, isForm: Bool) {
        do {
            _ = try read(good, contentType: value)
            #expect(isForm, "\(value)")
        } catch {
            #expect(!isForm, "\(value)")
            #expect(error.status == 400)
        }
    }
}
