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
}
