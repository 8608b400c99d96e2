import FoundationEssentials
import Testing

@testable import AWSPlugin

@Suite("An access key")
struct AccessKeyTests {
    private let key = AccessKey(
        id: "AKIDHIDDEN", secret: "hidden-secret", sessionToken: "hidden-token", expiration: exampleTime)

    @Test("is redacted in print, dump and mirror")
    func hidden() {
        var dumped = ""
        dump(key, to: &dumped)
        dump([Optional(key)], to: &dumped)
        dump(STSClient.Answer.session(key), to: &dumped)
        let texts = [
            dumped, "\(key)", String(reflecting: key), String(describing: [key]), String(reflecting: Optional(key)),
            String(describing: Result<AccessKey, any Error>.success(key)),
        ]
        for text in texts { #expect(!text.lowercased().contains("hidden"), "\(text)") }
        #expect(Mirror(reflecting: key).children.isEmpty)
    }

    @Test(
        "is valid in a header unless it has a space, a line break or a non-ASCII character",
        arguments: [
            ("id", "secret", "token", true), ("id\n", "secret", "t", false), ("id", "se cret", "t", false),
            ("id", "secret", "t\r\nX: y", false), ("id", "s\u{E9}cret", "t", false), ("id", "secret", "", true),
        ])
    func fits(id: String, secret: String, token: String, fits: Bool) {
        #expect(AccessKey(id: id, secret: secret, sessionToken: token).isValidInHeaders == fits)
    }
}
