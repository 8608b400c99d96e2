import Foundation
import GatewayPluginAPI
import JSON
import Testing

@testable import Gateway

@Suite("The provider plugins")
struct PluginRegistrationTests {
    @Test("are registered everywhere")
    func registered() throws {
        // Tests/Gateway/AppTests/<this file>
        let root = "/" + #filePath.split(separator: "/").dropLast(5).joined(separator: "/")
        // `try` inside #expect would print no value.
        let problems = try PluginRegistration(root: root, types: BuiltInPlugins.all).problems
        #expect(problems == [], "\(problems.joined(separator: "\n"))")
    }

    @Test("have the chart's time before renewal")
    func renewal() throws {
        let root = "/" + #filePath.split(separator: "/").dropLast(5).joined(separator: "/")
        let file = "\(root)/deploy/helm/sts-gateway/templates/_plugins.tpl"
        let lines = try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n")
        for type in BuiltInPlugins.all {
            let seconds = type.defaults.tokens.remainingAtRenewal
            let line = try #require(lines.first { $0.hasPrefix("\(type.id): ") })
            let setting = seconds > 0 ? ", renewBefore: \(seconds)}" : "}"
            #expect(line.hasSuffix(setting) && (seconds > 0) == line.contains("renewBefore"), "\(line)")
        }
    }

    @Test("have unique ids and audiences")
    func distinct() {
        let types = BuiltInPlugins.all
        #expect(Set(types.map { $0.id }).count == types.count)
        let audiences = types.flatMap { Array($0.defaults.recognizedAudiences) }
        #expect(Set(audiences).count == audiences.count)
    }

    @Test("that are registered everywhere have no problem")
    func sound() {
        #expect(Self.sound.problems == [])
    }

    @Test("with a missing registration have a problem with its fix", arguments: Missing.all)
    func missing(missing: Missing) {
        var registration = Self.sound
        missing.remove(&registration)
        #expect(registration.problems.count == 1, "\(registration.problems)")
        #expect(registration.problems.first?.contains(missing.fix) == true, "\(registration.problems)")
    }

    struct Missing: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let fix: String
        let remove: @Sendable (inout PluginRegistration) -> Void

        init(_ description: String, fix: String, _ remove: @escaping @Sendable (inout PluginRegistration) -> Void) {
            self.testDescription = description
            self.fix = fix
            self.remove = remove
        }

        static let all = [
            Missing("no line in Package.swift", fix: #"add `ProviderPlugin(name: "Two"),`"#) {
                $0.package = #"ProviderPlugin(name: "One"),"#
            },
            Missing("no import", fix: "add `import TwoPlugin`") {
                $0.builtIn = $0.builtIn.replacing("import TwoPlugin\n", with: "")
            },
            Missing("no line in the list of types", fix: "add `TwoProvider.self,`") {
                $0.builtIn = $0.builtIn.replacing("TwoProvider.self", with: "")
            },
            Missing("no entry in plugins.json", fix: #"add {"id": "two", "target": "TwoPlugin""#) {
                $0.manifest["TwoPlugin"] = nil
            },
            Missing("another id in plugins.json", fix: #"write "id": "two""#) { $0.manifest["TwoPlugin"] = "other" },
            Missing("no tests", fix: "Tests/Plugins/TwoPluginTests") { $0.tests["TwoPluginTests"] = nil },
            Missing("no conformance test", fix: "checkConformance(of: TwoProvider.self") {
                $0.tests["TwoPluginTests"] = "@Test"
            },
            Missing("no page", fix: "write docs/plugins/two.md") { $0.pages["two"] = nil },
            Missing("a page without a section", fix: "Limits\" to docs/plugins/two.md") {
                $0.pages["two"] = $0.pages["two"]?.replacing("\n## Limits\n", with: "\n")
            },
            Missing("a line in Package.swift without a folder", fix: #"remove ProviderPlugin(name: "Three")"#) {
                $0.package += #"ProviderPlugin(name: "Three"),"#
            },
            Missing("an entry in plugins.json without a folder", fix: "remove the entry of ThreePlugin") {
                $0.manifest["ThreePlugin"] = "three"
            },
            Missing("tests without a plugin", fix: "Tests/Plugins/ThreePluginTests: remove it") {
                $0.tests["ThreePluginTests"] = ""
            },
            Missing("a page without a plugin", fix: "docs/plugins/three.md") { $0.pages["three"] = "" },
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
                "TwoPluginTests": "checkConformance(\n    of: TwoProvider.self, ",
            ],
            pages: ["one": page, "two": page], ids: ["OneProvider": "one", "TwoProvider": "two"])
    }
}
