import GatewayCore
import GatewayPluginAPI
import GatewayTestSupport
import Testing

@Suite("A plugin manifest")
struct PluginManifestTests {
    private func manifest(_ text: String) throws -> PluginManifest { try PluginManifest(parsing: Array(text.utf8)) }

    @Test("mounts the listed plugins in its order")
    func mounted() throws {
        let manifest = try manifest(
            #"{"plugins": [{"id": "example", "target": "ExamplePlugin", "summary": "an example"}]}"#)
        #expect(manifest.entries.map(\.target) == ["ExamplePlugin"])
        #expect(manifest.entries.map(\.summary) == ["an example"])
        #expect(try manifest.resolve(against: [ExampleProvider.self]).ids == [ExampleProvider.id])
    }

    @Test("needs only the ID of an entry")
    func idAlone() throws { #expect(try manifest(#"{"plugins": [{"id": "a"}]}"#).entries.count == 1) }

    static let refusals: [(String, [String])] = [
        ("", [#"is not JSON (unexpected end of the text at byte 0); write {"plugins": [{"id": "oidc"}]}"#]),
        (
            #"{"plugins":[{"id":"a"}],"plugins":[{"id":"b"}]}"#,
            [#"is not JSON (duplicate member at byte 33); write {"plugins": [{"id": "oidc"}]}"#]
        ),
        ("[]", [#"missing list "plugins"; write {"plugins": [{"id": "oidc"}]}"#]),
        (#"{"plugins": []}"#, [#"plugins: empty list; write {"plugins": [{"id": "oidc"}]}"#]),
        (
            #"{"plugins": [{"id": "A"}, {"id": "b", "enabled": true}, {"id": "b"}, {}, 1, {"id": 2}], "version": 1}"#,
            [
                #"unknown key "version"; expected plugins"#,
                #"plugins[0].id: invalid ID "A"; expected a letter, then letters, digits and "-", 32 at most, in lower case"#,
                #"plugins[1]: unknown key "enabled"; expected id, target or summary"#,
                #"plugins[2].id: duplicate "b"; list each plugin once"#,
                "plugins[3].id: missing required key; expected the ID of a plugin",
                #"plugins[4]: invalid value; expected an object, write {"plugins": [{"id": "oidc"}]}"#,
                "plugins[5].id: invalid value; expected a string",
            ]
        ),
    ]

    @Test("reports all errors at once", arguments: refusals)
    func refused(_ text: String, _ problems: [String]) {
        let error = #expect(throws: PluginManifestError.self) { try manifest(text) }
        #expect(error?.problems == problems)
    }

    @Test("is rejected with a plugin that the binary lacks, with a list of its plugins")
    func notCompiledIn() throws {
        let manifest = try manifest(#"{"plugins": [{"id": "example"}, {"id": "other"}]}"#)
        let error = #expect(throws: PluginManifestError.self) { try manifest.resolve(against: [ExampleProvider.self]) }
        #expect(error?.description == #"plugins: "other" is not in this binary; it has example"#)
        #expect(throws: PluginManifestError.self) { try manifest.resolve(against: []) }
    }
}
