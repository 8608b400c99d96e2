import GatewayTestSupport
import JOSE
import JSON
import Testing

@Suite("A signed JWT")
struct SignedJWTTests {
    @Test("of a standard verifies with the standard's key", arguments: StandardVector.all)
    func vectors(vector: StandardVector) throws {
        let keys = try JSONWebKeySet(parsing: Array(vector.keys.utf8))
        try SignedJWT(parsing: vector.token).verify(with: keys)
    }

    @Test("of a standard does not verify with one bit changed", arguments: StandardVector.all)
    func tampered(vector: StandardVector) throws {
        let keys = try JSONWebKeySet(parsing: Array(vector.keys.utf8))
        let parts = vector.token.split(separator: ".")
        for changed in 1...2 {
            var bytes = try #require(Base64URL.decode(parts[changed]))
            bytes[bytes.count / 2] ^= 1
            var token = parts.map(String.init)
            token[changed] = Base64URL.encode(bytes)
            let jwt = try SignedJWT(parsing: token.joined(separator: "."))
            #expect(throws: JOSEError.invalidSignature) { try jwt.verify(with: keys) }
        }
    }

    @Test("verifies with the key that signed it, and has its kid", arguments: SignatureAlgorithm.allCases)
    func roundTrip(algorithm: SignatureAlgorithm) throws {
        let key = try SigningKey.generate(algorithm)
        let token = try SignedJWT.sign(["iss": "https://issuer.example.com", "exp": 5], with: key)
        let jwt = try SignedJWT(parsing: token)
        #expect(jwt.header == JOSEHeader(algorithm: algorithm, keyID: key.keyID, type: "JWT"))
        #expect(jwt.payload == Array(#"{"iss":"https://issuer.example.com","exp":5}"#.utf8))
        try jwt.verify(with: JSONWebKeySet(keys: [TestKeys.rsa.publicKey, key.publicKey]))
    }

    @Test("is rejected with another key that has the same kid", arguments: SignatureAlgorithm.allCases)
    func foreignKey(algorithm: SignatureAlgorithm) throws {
        let key = try SigningKey.generate(algorithm)
        let foreign = try SigningKey.generate(algorithm).publicKey
        let jwt = try SignedJWT(parsing: SignedJWT.sign(["a": 1], with: key))
        let renamed = JSONWebKey(keyID: key.keyID, algorithm: algorithm, parameters: foreign.parameters)
        #expect(throws: JOSEError.unknownKey) { try jwt.verify(with: JSONWebKeySet(keys: [foreign])) }
        #expect(throws: JOSEError.unknownKey) { try jwt.verify(with: JSONWebKeySet(keys: [])) }
        #expect(throws: JOSEError.invalidSignature) { try jwt.verify(with: JSONWebKeySet(keys: [renamed])) }
    }

    @Test("is verified only with the algorithm that its key is for")
    func wrongAlgorithm() throws {
        for key in [TestKeys.rsa, TestKeys.ec] {
            let message = Array("message".utf8)
            let signature = try key.signature(of: message)
            for algorithm in SignatureAlgorithm.allCases where algorithm != key.algorithm {
                #expect(throws: JOSEError.unknownKey) {
                    try key.publicKey.verify(signature, of: message, algorithm: algorithm)
                }
                // A key without alg still has a type and a curve.
                let silent = JSONWebKey(keyID: key.keyID, algorithm: nil, parameters: key.publicKey.parameters)
                #expect(throws: JOSEError.self) { try silent.verify(signature, of: message, algorithm: algorithm) }
            }
        }
    }

    @Test("without a kid is verified only with a set of one key")
    func noKeyID() throws {
        let jwt = try SignedJWT(parsing: StandardVector.es256.token)
        let key = try #require(try JSONWebKeySet(parsing: Array(StandardVector.es256.keys.utf8)).keys.first)
        try jwt.verify(with: JSONWebKeySet(keys: [key]))
        #expect(throws: JOSEError.unknownKey) {
            try jwt.verify(with: JSONWebKeySet(keys: [key, TestKeys.ec.publicKey]))
        }
    }

    @Test("never has the algorithm none, a symmetric one, or one with another spelling")
    func algorithms() {
        for name in ["none", "None", "HS256", "HS384", "HS512", "PS256", "EdDSA", "rs256", "RS256 ", ""] {
            let token = Self.token(header: #"{"alg":"\#(name)"}"#)
            #expect(throws: JOSEError.unsupportedAlgorithm) { try SignedJWT(parsing: token) }
        }
    }

    @Test("never has critical extensions in any form (RFC 7515 §4.1.11)")
    func criticalExtensions() {
        for extensions in [#"["exp"]"#, #"["b64"]"#, "[]", "null", #""exp""#] {
            let token = Self.token(header: #"{"alg":"RS256","crit":\#(extensions)}"#)
            #expect(throws: JOSEError.criticalExtension) { try SignedJWT(parsing: token) }
        }
    }

    @Test(
        "is rejected where it is not in the compact serialization",
        arguments: [
            "", ".", "..", "a.b", "a.b.c.d", "e30.e30.", ".e30.AA", "e30..AA", "e30.e30.AA", "bnVsbA.e30.AA",
            "W10.e30.AA",
            "eyJhbGciOjF9.e30.AA", "eyJhbGciOiJSUzI1NiJ9.e30.A", "eyJhbGciOiJSUzI1NiJ9.e30.AA==",
            "eyJhbGciOiJSUzI1NiJ9.e30.AA\n", " eyJhbGciOiJSUzI1NiJ9.e30.AA", "eyJhbGciOiJSUzI1NiJ9.e30.",
        ])
    func malformed(token: String) {
        let error = #expect(throws: JOSEError.self) { try SignedJWT(parsing: token) }
        guard case .malformed = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test(
        "is rejected where its header has a duplicate parameter or one of another type (RFC 7515 §4)",
        arguments: [
            #"{"alg":"RS256","alg":"ES256"}"#, #"{"alg":"RS256","kid":"a","kid":"b"}"#, #"{"alg":"RS256",}"#,
            #"{"alg":"RS256","\u0061lg":"none"}"#, #"{"alg":"RS256","kid":null}"#, #"{"alg":"RS256","typ":1}"#,
        ])
    func ambiguousHeaders(header: String) {
        #expect(throws: JOSEError.malformed("the header is not a JSON object with the string member alg")) {
            try SignedJWT(parsing: Self.token(header: header))
        }
    }

    @Test("may have unknown header parameters, and a key id is compared by code units")
    func unknownParameters() throws {
        let jwt = try SignedJWT(parsing: Self.token(header: "{\"alg\":\"RS256\",\"x\":[1],\"kid\":\"e\u{301}\"}"))
        #expect(jwt.header.keyID == KeyID(rawValue: "e\u{301}"))
        #expect(jwt.header.keyID != KeyID(rawValue: "\u{E9}"))
    }

    private static func token(header: String) -> String {
        Base64URL.encode(Array(header.utf8)) + ".e30.AA"
    }
}
