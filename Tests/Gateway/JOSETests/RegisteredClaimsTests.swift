import JOSE
import JSON
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
        "are rejected if one has another type",
        arguments: [
            "", "[]", "null", "{", #"{"iss":1}"#, #"{"sub":["a"]}"#, #"{"aud":1}"#, #"{"aud":["a",1]}"#,
            #"{"exp":"1"}"#,
            #"{"nbf":true}"#, "It’s a dangerous business", #"{"nbf":null}"#, #"{"iat":null}"#, #"{"exp":null}"#,
            #"{"iss":null}"#, #"{"exp":[-]}"#,
        ])
    func malformed(json: String) {
        #expect(throws: JOSEError.self) { try RegisteredClaims(json: Array(json.utf8)) }
    }

    @Test(
        "are rejected if they are ambiguous JSON (RFC 7519 §4, RFC 8259)",
        arguments: [
            #"{"exp":1,"exp":2}"#, #"{"exp":1,"\u0065xp":2}"#, #"{"x":1,"x":2}"#, #"{"exp":1,}"#, #"{"x":[-]}"#,
            #"{"exp":1}{}"#, "{\"iss\":\"a\nb\"}", "\u{FEFF}{}",
        ])
    func ambiguous(json: String) {
        #expect(throws: JOSEError.self) { try RegisteredClaims(json: Array(json.utf8)) }
    }

    @Test("are rejected in UTF-16 and where a string is not UTF-8")
    func encodings() {
        let utf16 = #"{"exp":1}"#.utf16.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }
        #expect(throws: JOSEError.self) { try RegisteredClaims(json: utf16) }
        #expect(throws: JOSEError.self) { try RegisteredClaims(json: Array(#"{"iss":""#.utf8) + [0xFF, 0x22, 0x7D]) }
    }

    @Test("have times from the year 1 to the year 9999", arguments: ["exp", "nbf", "iat"])
    func timeRange(name: String) throws {
        func read(_ time: String) throws -> RegisteredClaims {
            try RegisteredClaims(json: Array(#"{"\#(name)":\#(time)}"#.utf8))
        }
        for time in ["1e19", "9223372036854775808", "9223372036854775807", "253402300800", "-1e300", "1e999"] {
            #expect(throws: JOSEError.self, "\(time)") { try read(time) }
        }
        for time in ["253402300799", "0", "1.5e9", "-62135596800"] { _ = try read(time) }
    }

    @Test("contain unknown claims, and distinguish canonically equivalent names")
    func unknown() throws {
        let claims = try RegisteredClaims(json: Array("{\"\u{E9}\":1,\"e\u{301}\":[2]}".utf8))
        #expect(claims.json["\u{E9}"] == 1)
        #expect(claims.json["e\u{301}"] == [2])
    }
}
