import GatewayPluginAPI
import Testing

@Suite("A plugin's id")
struct PluginIDTests {
    @Test("is a lower-case letter and up to 31 letters, digits and hyphens", arguments: ["a", "oidc", "a-1", "b--"])
    func wellFormed(text: String) {
        #expect(PluginID(text)?.description == text)
        #expect(PluginID(text + String(repeating: "x", count: 32 - text.utf8.count)) != nil)
    }

    @Test(
        "is rejected in another form",
        arguments: ["", "A", "1a", "-a", "a_b", "a b", "ä", "a\n", "a\0", String(repeating: "a", count: 33)])
    func malformed(text: String) {
        #expect(PluginID(text) == nil)
    }

    @Test("sorts by its bytes")
    func order() throws {
        let ids = try ["b", "a-b", "ab", "a"].map { try #require(PluginID($0)) }
        #expect(ids.sorted().map(\.rawValue) == ["a", "a-b", "ab", "b"])
    }
}
