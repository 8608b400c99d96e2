import FoundationEssentials
package import GatewayPluginAPI
import JSON

/// `plugins.json`: which of the plugins in the binary a gateway mounts.
///
///     {"plugins": [{"id": "example", "target": "ExamplePlugin", "summary": "an example"}]}
package struct PluginManifest: Sendable, Equatable {
    package struct Entry: Sendable, Equatable {
        package let id: PluginID
        /// The target that the plugin is in, for the reader; nothing depends on it.
        package let target: String?
        package let summary: String?
    }

    /// In the order of the file; one or more, an id is there once.
    package let entries: [Entry]

    /// Reads the JSON text.
    package init(parsing text: [UInt8]) throws(PluginManifestError) {
        guard let json = try? JSONDecoder().decode(JSONValue.self, from: Data(text)) else {
            throw PluginManifestError(["is not JSON; \(Self.example)"])
        }
        guard case .object(let members) = json, case .array(let values) = json["plugins"] else {
            throw PluginManifestError([#"has no list "plugins"; \#(Self.example)"#])
        }
        var problems = members.filter { $0.name != "plugins" }
            .map { #""\#($0.name)" is an unknown key; the only one is plugins"# }
        if values.isEmpty { problems.append("plugins: is empty; \(Self.example)") }
        var entries: [Entry] = []
        for (index, value) in values.enumerated() {
            let place = "plugins[\(index)]"
            guard let entry = Self.entry(value, at: place, &problems) else { continue }
            if entries.contains(where: { $0.id == entry.id }) {
                problems.append(#"\#(place).id: "\#(entry.id)" is there already; name each plugin once"#)
            } else {
                entries.append(entry)
            }
        }
        guard problems.isEmpty else { throw PluginManifestError(problems) }
        self.entries = entries
    }

    /// The named plugins, out of those that the binary has.
    package func resolve(
        against compiledIn: [any ProviderPlugin.Type]
    ) throws(PluginManifestError) -> PluginCatalog {
        let all = PluginCatalog(plugins: compiledIn)
        let missing = entries.filter { all[$0.id] == nil }
        guard missing.isEmpty else {
            let ids = all.ids.sorted().map(\.rawValue).joined(separator: ", ")
            throw PluginManifestError(
                missing.map {
                    #"plugins: "\#($0.id)" is not in this binary; it has \#(ids.isEmpty ? "no plugin" : ids)"#
                })
        }
        return PluginCatalog(plugins: entries.compactMap { all[$0.id] })
    }

    private static let example = #"write {"plugins": [{"id": "oidc"}]}"#

    private static func entry(_ value: JSONValue, at place: String, _ problems: inout [String]) -> Entry? {
        guard case .object(let members) = value else {
            problems.append("\(place): is not an object; \(example)")
            return nil
        }
        for member in members where !["id", "target", "summary"].contains(member.name) {
            problems.append(#"\#(place): "\#(member.name)" is an unknown key; the keys are id, target, summary"#)
        }
        func text(_ name: String) -> String? {
            switch value[name] {
            case .none: return nil
            case .string(let text): return text
            default:
                problems.append("\(place).\(name): is not a string; write a string")
                return nil
            }
        }
        let target = text("target")
        let summary = text("summary")
        guard value["id"] != nil else {
            problems.append("\(place): has no id; give the id of a plugin")
            return nil
        }
        guard let raw = text("id") else { return nil }
        guard let id = PluginID(raw) else {
            problems.append(
                #"\#(place).id: "\#(raw)" is no plugin's; an id is a letter, then letters, digits and "-", "#
                    + #"32 at most, in lower case"#
            )
            return nil
        }
        return Entry(id: id, target: target, summary: summary)
    }
}
