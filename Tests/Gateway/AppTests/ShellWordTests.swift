import Testing

@testable import GatewayApp

@Suite struct ShellWordTests {
    @Test(arguments: [
        ("--config", "--config"), ("a/b.yaml", "a/b.yaml"), ("arn:aws:acm:us-east-1:1:certificate/2", nil), ("", "''"),
        ("a b", "'a b'"), ("$(id)", "'$(id)'"), ("it's", #"'it'\''s'"#), ("ä", "'ä'"), ("a\nb", "'a\nb'"),
    ])
    func `Words are quoted where a shell would change them`(_ word: String, _ quoted: String?) {
        #expect(ShellWord.quoted(word) == quoted ?? word)
    }
}
