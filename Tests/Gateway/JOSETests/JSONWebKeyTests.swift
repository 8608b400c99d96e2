import GatewayTestSupport
import JOSE
import JSON
import Testing

@Suite("A JSON Web Key")
struct JSONWebKeyTests {
    @Test("has the thumbprint of RFC 7638 §3.1")
    func thumbprint() throws {
        let set = try JSONWebKeySet(parsing: Array(StandardVector.thumbprint.keys.utf8))
        let key = try #require(set.keys.first)
        #expect(key.parameters.thumbprint.rawValue == StandardVector.thumbprint.value)
        #expect(key.keyID.rawValue == "2011-04-29")
    }

    @Test("without a kid has its thumbprint as kid")
    func noID() throws {
        let key = try #require(try JSONWebKeySet(parsing: Array(StandardVector.es256.keys.utf8)).keys.first)
        #expect(key.keyID == key.parameters.thumbprint)
        #expect(key.algorithm == nil)
    }

    @Test("of a signing key has public members only", arguments: SignatureAlgorithm.allCases)
    func publicMembers(algorithm: SignatureAlgorithm) throws {
        let key = try SigningKey.generate(algorithm)
        guard case .object(let members) = key.publicKey.json else {
            Issue.record("not an object")
            return
        }
        let names = members.map(\.name)
        #expect(
            names == ["kty", "use", "alg", "kid"] + (algorithm.usesRSA ? ["n", "e"] : ["crv", "x", "y"]))
        #expect(key.publicKey.json["alg"] == .string(algorithm.rawValue))
        #expect(key.keyID == key.publicKey.parameters.thumbprint)
    }

    @Test("parses from its own JSON", arguments: SignatureAlgorithm.allCases)
    func readsBack(algorithm: SignatureAlgorithm) throws {
        let keys = JSONWebKeySet(keys: [try SigningKey.generate(algorithm).publicKey, TestKeys.ec.publicKey])
        #expect(try JSONWebKeySet(parsing: keys.json.utf8Text) == keys)
    }

    @Test("keeps leading zeros of a coordinate (RFC 7518 §6.2.1.2) and removes those of a modulus (§2)")
    func leadingZeros() throws {
        let curve = try JSONWebKeySet(parsing: Array(StandardVector.es512.keys.utf8))
        guard case .ellipticCurve(.p521, let x, let y) = curve.keys.first?.parameters else {
            Issue.record("not a P-521 key")
            return
        }
        #expect(x.count == 66 && y.count == 66 && x.first == 0)

        let modulus = [0] + [UInt8](repeating: 0xFF, count: 256)
        let text = #"{"keys":[{"kty":"RSA","n":"\#(Base64URL.encode(modulus))","e":"AQAB"}]}"#
        let key = try #require(try JSONWebKeySet(parsing: Array(text.utf8)).keys.first)
        #expect(key.parameters == .rsa(modulus: Array(modulus.dropFirst()), exponent: [1, 0, 1]))
    }

    @Test(
        "is ignored where its type, curve, use or key_ops is not supported (RFC 7517 §4.3, §5)",
        arguments: [
            ("another type", #"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#),
            ("a symmetric key", #"{"kty":"oct","k":"AAAA"}"#),
            ("an unknown curve", #"{"kty":"EC","crv":"secp256k1","x":"AAAA","y":"AAAA"}"#),
            ("a short coordinate", #"{"kty":"EC","crv":"P-256","x":"AAAA","y":"AAAA"}"#),
            ("no modulus", #"{"kty":"RSA","e":"AQAB"}"#),
            ("a modulus of 1024 bits", #"{"kty":"RSA","e":"AQAB","n":"\#(String(repeating: "_", count: 170))-w"}"#),
            ("a member of another type", StandardVector.rs256.soleKey.replacing("{", with: #"{"kid":1,"#)),
            ("operations without verify", StandardVector.rs256.soleKey.replacing("{", with: #"{"key_ops":["sign"],"#)),
            ("no operation", StandardVector.rs256.soleKey.replacing("{", with: #"{"key_ops":[],"#)),
            ("another case", StandardVector.rs256.soleKey.replacing("{", with: #"{"key_ops":["Verify"],"#)),
            (
                "a duplicate operation",
                StandardVector.rs256.soleKey.replacing("{", with: #"{"key_ops":["verify","verify"],"#)
            ),
            ("operations of another type", StandardVector.rs256.soleKey.replacing("{", with: #"{"key_ops":"verify","#)),
            (
                "an operation of another type",
                StandardVector.rs256.soleKey.replacing("{", with: #"{"key_ops":["verify",1],"#)
            ),
            ("another use", StandardVector.rs256.soleKey.replacing("{", with: #"{"use":"enc","#)),
            ("another algorithm", StandardVector.rs256.soleKey.replacing("{", with: #"{"alg":"PS256","#)),
        ])
    func passedOver(what: String, key: String) throws {
        let text = #"{"keys":[\#(key),\#(TestKeys.ec.publicKey.json.text)]}"#
        #expect(try JSONWebKeySet(parsing: Array(text.utf8)).keys == [TestKeys.ec.publicKey])
    }

    @Test("may have unknown members, as may its set")
    func unknownMembers() throws {
        let key = TestKeys.ec.publicKey.json.setting(["a"], at: "x5c")
        let set: JSONValue = ["keys": [key], "issued": 1]
        #expect(try JSONWebKeySet(parsing: set.utf8Text).keys == [TestKeys.ec.publicKey])
    }

    @Test(
        "verifies where its key_ops has verify, among others", arguments: [["verify"], ["sign", "verify", "of-ours"]])
    func operations(names: [String]) throws {
        let key = TestKeys.ec.publicKey.json.setting(.array(names.map(JSONValue.string)), at: "key_ops")
        let set: JSONValue = ["keys": [key]]
        #expect(try JSONWebKeySet(parsing: set.utf8Text).keys == [TestKeys.ec.publicKey])
    }

    @Test("set is rejected where it is malformed, or has too many keys")
    func noSet() {
        for text in [
            "", "[]", "{}", #"{"keys":{}}"#, #"{"keys":[1]}"#, #"{"keys":[{}]}"#, #"{"keys":[],"keys":[]}"#,
            #"{"keys":[],}"#, #"{"keys":[{"kty":"oct","kid":"a","kid":"b"}]}"#,
        ] {
            #expect(throws: JOSEError.malformed("not a JSON Web Key Set")) {
                try JSONWebKeySet(parsing: Array(text.utf8))
            }
        }
        let many = Array(repeating: #"{"kty":"oct"}"#, count: JSONWebKeySet.maximumKeyCount + 1).joined(separator: ",")
        #expect(throws: JOSEError.self) { try JSONWebKeySet(parsing: Array(#"{"keys":[\#(many)]}"#.utf8)) }
    }

    @Test("that is not a point of its curve verifies nothing")
    func besideTheCurve() throws {
        let coordinate = [UInt8](repeating: 1, count: 32)
        let key = JSONWebKey(
            keyID: KeyID(rawValue: "k"), algorithm: .es256,
            parameters: .ellipticCurve(.p256, x: coordinate, y: coordinate))
        #expect(throws: JOSEError.invalidSignature) {
            try key.verify([UInt8](repeating: 1, count: 64), of: [], algorithm: .es256)
        }
    }
}

extension StandardVector {
    /// The set's one key.
    fileprivate var soleKey: String { String(keys.dropFirst(#"{"keys":["#.count).dropLast(2)) }
}
