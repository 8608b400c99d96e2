import Testing

@testable import GatewayApp

@Suite struct TerminalTests {
    @Test(arguments: [
        ("plain, \u{E4}", "plain, \u{E4}"), ("a\nb", #"a\nb"#), ("\u{1B}[2K", #"\u{1B}[2K"#),
        ("\u{9B}2K", #"\u{009B}2K"#), ("\u{202E}x", #"\u{202E}x"#), ("\u{2028}", #"\u{2028}"#), ("\r", #"\r"#),
    ])
    func `What a terminal would interpret is escaped`(_ text: String, _ printed: String) {
        #expect(Terminal.printable(text) == printed)
    }
}
