import GatewayPluginAPI
import JSON
import Testing

@testable import Gateway

@Suite("The provider plugins")
struct PluginRegistrationTests {
    @Test("are named in every place that must know them")
    func registered() throws {
        // Tests/Gateway/AppTests/<this file>
        let root = "/" + #filePath.split(separator: "/").dropLast(5).joined(separator: "/")
        #expect(try PluginRegistration(root: root, types: BuiltInPlugins.all).problems == [])
    }

    @Test("have ids of their own, and no audience is recognized by two of them")
    func distinct() {
        let types = BuiltInPlugins.all
        #expect(Set(types.map { $0.id }).count == types.count)
        let audiences = types.flatMap { Array($0.defaults.recognizedAudiences) }
        #expect(Set(audiences).count == audiences.count)
    }

    @Test("that are named everywhere give no problem")
    func sound() {
        #expect(Self.sound.problems == [])
    }

    @Test("that are forgotten in one place are told with what mends it", arguments: Forgotten.all)
    func forgotten(forgotten: Forgotten) {
        var registration = Self.sound
        forgotten.forget(&registration)
        #expect(registration.problems.count == 1, "\(registration.problems)")
        #expect(registration.problems.first?.contains(forgotten.mend) == true, "\(registration.problems)")
    }

    struct Forgotten: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let mend: String
        let forget: @Sendable (inout PluginRegistration) -> Void

        init(_ description: String, mend: String, _ forget: @escaping @Sendable (inout PluginRegistration) -> Void) {
            self.testDescription = description
            self.mend = mend
            self.forget = forget
        }

        static let all = [
            Forgotten("no line in Package.swift", mend: #"add `ProviderPlugin(name: "Two"),`"#) {
                $0.package = #"ProviderPlugin(name: "One"),"#
            },
            Forgotten("no import", mend: "add `import TwoPlugin`") {
                $0.builtIn = $0.builtIn.replacing("import TwoPlugin\n", with: "")
            },
            Forgotten("no line in the list of types", mend: "add `TwoProvider.self,`") {
                $0.builtIn = $0.builtIn.replacing("TwoProvider.self", with: "")
            },
            Forgotten("no entry in plugins.json", mend: #"add {"id": "two", "target": "TwoPlugin""#) {
                $0.manifest["TwoPlugin"] = nil
            },
            Forgotten("another id in plugins.json", mend: #"write "id": "two""#) { $0.manifest["TwoPlugin"] = "other" },
            Forgotten("no tests", mend: "Tests/Plugins/TwoPluginTests") { $0.tests["TwoPluginTests"] = nil },
            Forgotten("no conformance test", mend: "checkConformance(of: TwoProvider.self") {
                $0.tests["TwoPluginTests"] = "@Test"
            },
            Forgotten("no page", mend: "write docs/plugins/two.md") { $0.pages["two"] = nil },
            Forgotten("a page without a section", mend: "Limits\" to docs/plugins/two.md") {
                $0.pages["two"] = $0.pages["two"]?.replacing("\n## Limits\n", with: "\n")
            },
            Forgotten("a line in Package.swift without a folder", mend: #"remove ProviderPlugin(name: "Three")"#) {
                $0.package += #"ProviderPlugin(name: "Three"),"#
            },
            Forgotten("an entry in plugins.json without a folder", mend: "remove the entry of ThreePlugin") {
                $0.manifest["ThreePlugin"] = "three"
            },
            Forgotten("tests without a plugin", mend: "Tests/Plugins/ThreePluginTests: remove it") {
                $0.tests["ThreePluginTests"] = ""
            },
            Forgotten("a page without a plugin", mend: "docs/plugins/three.md") { $0.pages["three"] = "" },
        ]
    }

    private static var sound: PluginRegistration {
        let page = "# A page\n" + PluginRegistration.sections.map { "\n## \($0)\n\ntext\n" }.joined()
        return PluginRegistration(
            folders: ["One", "Two"],
            package: #"ProviderPlugin(name: "One"), ProviderPlugin(name: "Two", ownTargets: []),"#,
            builtIn: "import OnePlugin\nimport TwoPlugin\n OneProvider.self, TwoProvider.self",
            manifest: ["OnePlugin": "one", "TwoPlugin": "two"],
            tests: [
                "OnePluginTests": "checkConformance(of: OneProvider.self, ",
                "TwoPluginTests": "checkConformance(of: TwoProvider.self, ",
            ],
            pages: ["one": page, "two": page], ids: ["OneProvider": "one", "TwoProvider": "two"])
    }
}
