import FoundationEssentials
import GatewayCore
import GatewayPluginAPI
import JSON

/// The registrations of each provider plugin, and what is missing in them.
struct PluginRegistration {
    /// The folders of Sources/Plugins.
    var folders: Set<String>
    /// `Package.swift`.
    var package: String
    /// `BuiltInPlugins.swift`.
    var builtIn: String
    /// `plugins.json`: the id of each target.
    var manifest: [String: String]
    /// The text of a plugin's tests, by the folder in Tests/Plugins.
    var tests: [String: String]
    /// The pages in docs/plugins, by their name without `.md`.
    var pages: [String: String]
    /// The ids in the binary, by the type's name.
    var ids: [String: String]

    static let sections = [
        "Defaults", "Endpoint", "Settings", "What a Pod gets", "Limits", "Setting up the relying party",
        "Errors",
    ]

    /// The problems, each with its fix.
    var problems: [String] {
        folders.sorted().flatMap(problems(of:)) + strangers
    }

    private func problems(of name: String) -> [String] {
        var problems: [String] = []
        func expect(_ condition: Bool, _ fix: String) {
            if !condition { problems.append("Sources/Plugins/\(name): \(fix)") }
        }
        expect(
            package.contains("ProviderPlugin(name: \"\(name)\""),
            "add `ProviderPlugin(name: \"\(name)\"),` to providerPlugins in Package.swift")
        expect(builtIn.contains("import \(name)Plugin\n"), "add `import \(name)Plugin` to BuiltInPlugins.swift")
        expect(builtIn.contains("\(name)Provider.self"), "add `\(name)Provider.self,` to BuiltInPlugins.all")
        expect(
            tests["\(name)PluginTests"]?.filter { !$0.isWhitespace }
                .contains("checkConformance(of:\(name)Provider.self") ?? false,
            "let a test in Tests/Plugins/\(name)PluginTests expect checkConformance(of: \(name)Provider.self, …) == []")
        let id = ids["\(name)Provider"]
        expect(
            manifest["\(name)Plugin"] != nil,
            "add {\"id\": \"\(id ?? name.lowercased())\", \"target\": \"\(name)Plugin\", \"summary\": \"…\"} to plugins.json"
        )
        if let id, let listed = manifest["\(name)Plugin"] {
            expect(listed == id, "write \"id\": \"\(id)\" for \(name)Plugin in plugins.json, not \"\(listed)\"")
        }
        let page = id ?? name.lowercased()
        guard let text = pages[page] else {
            return problems + ["Sources/Plugins/\(name): write docs/plugins/\(page).md"]
        }
        for section in Self.sections {
            expect(text.contains("\n## \(section)\n"), "add the section \"## \(section)\" to docs/plugins/\(page).md")
        }
        return problems
    }

    /// Registrations without a folder.
    private var strangers: [String] {
        var problems: [String] = []
        for name in names(in: package, after: "ProviderPlugin(name: \"", before: "\"") where !folders.contains(name) {
            problems.append("Package.swift: remove ProviderPlugin(name: \"\(name)\"), or write Sources/Plugins/\(name)")
        }
        for name in manifest.keys.sorted() where !folders.contains(String(name.dropLast("Plugin".count))) {
            problems.append("plugins.json: remove the entry of \(name), or write its folder in Sources/Plugins")
        }
        // A target in a plugin's folder has tests in the folder of the plugin's tests: AWSXMLTests.
        for name in tests.keys.sorted() where !folders.contains(where: name.hasPrefix) {
            problems.append("Tests/Plugins/\(name): remove it, or write its plugin in Sources/Plugins")
        }
        for page in pages.keys.sorted() where !ids.values.contains(page) {
            problems.append("docs/plugins/\(page).md: no plugin has this id; rename the page, or remove it")
        }
        return problems
    }

    private func names(in text: String, after start: String, before end: Character) -> [String] {
        text.split(separator: start).dropFirst().map { String($0.prefix { $0 != end }) }
    }
}

extension PluginRegistration {
    struct Unreadable: Error {
        let path: String
    }

    /// Reads a source tree; the ids are those of the binary.
    init(root: String, types: [any ProviderPlugin.Type]) throws {
        func list(_ folder: String) throws -> [String] {
            try FileManager.default.contentsOfDirectory(atPath: "\(root)/\(folder)").filter { !$0.hasPrefix(".") }
        }
        func files(_ folder: String) throws -> [String] {
            try FileManager.default.subpathsOfDirectory(atPath: "\(root)/\(folder)").filter { $0.hasSuffix(".swift") }
        }
        func text(_ path: String) throws -> String {
            guard let contents = FileManager.default.contents(atPath: "\(root)/\(path)") else {
                throw Unreadable(path: path)
            }
            return String(decoding: contents, as: UTF8.self)
        }
        let entries = try PluginManifest(parsing: Array(try text("plugins.json").utf8)).entries
        self.init(
            folders: Set(try list("Sources/Plugins")), package: try text("Package.swift"),
            builtIn: try text("Sources/Gateway/Main/BuiltInPlugins.swift"),
            manifest: Dictionary(
                entries.map { ($0.target ?? "the entry without a target, \($0.id)", $0.id.rawValue) },
                uniquingKeysWith: { first, _ in first }),
            tests: try Dictionary(
                uniqueKeysWithValues: list("Tests/Plugins").map { folder in
                    (
                        folder,
                        try files("Tests/Plugins/\(folder)").map { try text("Tests/Plugins/\(folder)/\($0)") }.joined()
                    )
                }),
            pages: try Dictionary(
                uniqueKeysWithValues: list("docs/plugins").filter { $0.hasSuffix(".md") }
                    .map { (String($0.dropLast(3)), try text("docs/plugins/\($0)")) }),
            ids: Dictionary(
                types.map { (String(describing: $0), $0.id.rawValue) }, uniquingKeysWith: { first, _ in first }))
    }
}
