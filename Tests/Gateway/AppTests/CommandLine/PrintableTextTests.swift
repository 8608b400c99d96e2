import Testing

@testable import GatewayApp

@Suite("Text from outside in the output of commands")
struct PrintableTextTests {
    @Test("Control characters, bidirectional marks and line breaks are escaped")
    func escapes() {
        #expect(PrintableText.line("a\u{1B}[2J\u{7}b\r\nc") == #"a\u{1B}[2J\u{07}b\r\nc"#)
        #expect(PrintableText.line("\u{202E}evil\u{9B}") == #"\u{202E}evil\u{009B}"#)
        #expect(PrintableText.line("plain, \"quoted\" …") == "plain, \"quoted\" …")
    }

    @Test("Tokens and PEM blocks are removed, and long texts are cut")
    func secrets() {
        #expect(PrintableText.line("x eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln y") == "x [token removed] y")
        #expect(PrintableText.line("eyJ is short") == "eyJ is short")
        let pem = PrintableText.line("key: -----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----")
        #expect(pem.hasPrefix("key: [PEM removed, ") && !pem.contains("AAAA"))
        #expect(PrintableText.line(String(repeating: "x", count: 500), limit: 10) == "xxxxxxxxxx…")
    }
}
