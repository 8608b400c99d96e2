import FoundationEssentials
import GatewayTestSupport
import JOSE
import Testing

@Suite("base64url")
struct Base64URLTests {
    @Test(
        "has one form for each text (RFC 4648 §10, without padding)",
        arguments: [
            ("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foob", "Zm9vYg"), ("fooba", "Zm9vYmE"),
            ("foobar", "Zm9vYmFy"),
        ])
    func vectors(plain: String, encoded: String) {
        #expect(Base64URL.encode(Array(plain.utf8)) == encoded)
        #expect(Base64URL.decode(encoded) == Array(plain.utf8))
    }

    @Test("uses - and _ (RFC 7515 appendix C)")
    func alphabet() {
        #expect(Base64URL.encode([3, 236, 255, 224, 193]) == "A-z_4ME")
        #expect(Base64URL.decode("A-z_4ME") == [3, 236, 255, 224, 193])
    }

    @Test("decodes each byte at each position")
    func everyByte() {
        for length in 1...4 {
            for byte in UInt8.min...UInt8.max {
                let bytes = [UInt8](repeating: byte, count: length)
                #expect(Base64URL.decode(Base64URL.encodedBytes(bytes)) == bytes)
            }
        }
    }

    @Test(
        "rejects padding, the other alphabet, white space, an impossible length and bits after the last byte",
        arguments: ["Zg==", "Zg=", "A+z", "A/z", "Zm 9", "Zm9v\n", "Z", "Zm9vY", "Zh", "Zm9", "é", "Zg\0"])
    func notCanonical(text: String) {
        #expect(Base64URL.decode(text) == nil)
    }

    @Test("is Foundation's base64 in the other alphabet, for random bytes and from any collection")
    func random() {
        var random = SeededRandom(seed: 64)
        for length in 0..<300 {
            let bytes = (0..<length).map { _ in UInt8.random(in: .min ... .max, using: &random) }
            let base64 = String(
                Data(bytes).base64EncodedString().filter { $0 != "=" }.map { $0 == "+" ? "-" : $0 == "/" ? "_" : $0 })
            #expect(Base64URL.encode(bytes) == base64)
            #expect(Base64URL.encode(bytes.lazy.map { $0 }) == base64)
            #expect(Base64URL.decode(base64) == bytes)
            #expect(Base64URL.decode(base64.utf8.lazy.map { $0 }) == bytes)
            var text = Array(base64.utf8)
            guard let index = text.indices.randomElement(using: &random) else { continue }
            text[index] = 0x2A
            #expect(Base64URL.decode(text) == nil)
        }
    }
}
