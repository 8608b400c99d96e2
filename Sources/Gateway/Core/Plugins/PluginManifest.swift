package import GatewayPluginAPI
import JSON

/// `plugins.json`: the plugins of the binary that a gateway mounts.
///
///     {"plugins": [{"id": "example", "target": "ExamplePlugin", "summary": "an example"}]}
package struct PluginManifest: Sendable, Equatable {
    package struct Entry: Sendable, Equatable {
        package let id: PluginID
        /// The plugin's target, for information only.
        package let target: String?
        package let summary: String?
    }

    /// One or more entries in the order of the file, without duplicate IDs.
    package let entries: [Entry]

    /// Reads the JSON text.
    package init(parsing text: [UInt8]) throws(PluginManifestError) {
        let json: JSONValue
        do {
            json = try JSONValue(parsing: text, limits: JSONLimits(depth: 16, byteCount: 1 << 20))
        } catch {
            throw PluginManifestError(["is not JSON (\(error)); \(Self.example)"])
        }
        guard case .object(let members) = json, case .array(let values) = json["plugins"] else {
            throw PluginManifestError([#"missing list "plugins"; \#(Self.example)"#])
        }
        var problems = members.filter { $0.name != "plugins" }
            .map { #"unknown key "\#($0.name)"; expected plugins"# }
        if values.isEmpty { problems.append("plugins: empty list; \(Self.example)") }
        var entries: [Entry] = []
        for (index, value) in values.enumerated() {
            let place = "plugins[\(index)]"
            guard let entry = Self.entry(value, at: place, &problems) else { continue }
            if entries.contains(where: { $0.id == entry.id }) {
                problems.append(#"\#(place).id: duplicate "\#(entry.id)"; list each plugin once"#)
            } else {
                entries.append(entry)
            }
        }
        guard problems.isEmpty else { throw PluginManifestError(problems) }
        self.entries = entries
    }

    /// The listed plugins of the binary.
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
            problems.append("\(place): invalid value; expected an object, \(example)")
            return nil
        }
        for member in members where !["id", "target", "summary"].contains(member.name) {
            problems.append(#"\#(place): unknown key "\#(member.name)"; expected id, target or summary"#)
        }
        func text(_ name: String) -> String? {
            switch value[name] {
            case .none: return nil
            case .string(let text): return text
            default:
                problems.append("\(place).\(name): invalid value; expected a string")
                return nil
            }
        }
        let target = text("target")
        let summary = text("summary")
        guard value["id"] != nil else {
            problems.append("\(place).id: missing required key; expected the ID of a plugin")
            return nil
        }
        guard let raw = text("id") else { return nil }
        guard let id = PluginID(raw) else {
            problems.append(
                #"\#(place).id: invalid ID "\#(raw)"; expected a letter, then letters, digits and "-", "#
                    + #"32 at most, in lower case"#
            )
            return nil
        }
        return Entry(id: id, target: target, summary: summary)
    }
}
