import JOSE
import Testing

@Suite("Registered claims")
struct RegisteredClaimsTests {
    @Test("are parsed from the payload of RFC 7519 §3.1")
    func standard() throws {
        let claims = try SignedJWT(parsing: StandardVector.rs256.token).claims()
        #expect(claims.issuer == "joe")
        #expect(claims.expiration == 1_300_819_380)
        #expect(claims.subject == nil)
        #expect(claims.audiences == [])
    }

    @Test("have one audience or several (RFC 7519 §4.1.3)")
    func audiences() throws {
        #expect(try RegisteredClaims(json: Array(#"{"aud":"a"}"#.utf8)).audiences == ["a"])
        #expect(try RegisteredClaims(json: Array(#"{"aud":["a","b"]}"#.utf8)).audiences == ["a", "b"])
        #expect(try RegisteredClaims(json: Array(#"{"aud":[]}"#.utf8)).audiences == [])
    }

    @Test("may have times with a fraction (RFC 7519 §2, NumericDate)")
    func fractions() throws {
        let claims = try RegisteredClaims(json: Array(#"{"exp":1.5,"nbf":-1,"iat":1e9,"jti":"j","x":[]}"#.utf8))
        #expect(claims.expiration == 1.5)
        #expect(claims.notBefore == -1)
        #expect(claims.issuedAt == 1_000_000_000)
        #expect(claims.tokenID == "j")
    }

    @Test(
        "are rejected where one has another type",
        arguments: [
            "", "[]", "null", "{", #"{"iss":1}"#, #"{"sub":["a"]}"#, #"{"aud":1}"#, #"{"aud":["a",1]}"#,
            #"{"exp":"1"}"#,
            #"{"nbf":true}"#, "It’s a dangerous business",
        ])
    func malformed(json: String) {
        #expect(throws: JOSEError.self) { try RegisteredClaims(json: Array(json.utf8)) }
    }
}
