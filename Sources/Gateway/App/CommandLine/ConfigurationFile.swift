import FoundationEssentials
import GatewayCore
import GatewayPluginAPI
import GatewayServer
import Logging

/// Reads `gateway.yaml` and `plugins.json` from disk.
struct ConfigurationFile: Sendable {
    /// The result of reading: the configuration, nil where it has an error, and all problems.
    struct Reading {
        let configuration: GatewayConfiguration?
        let problems: [ConfigurationProblem]
    }

    let path: String

    /// - Parameters:
    ///   - manifest: `--plugins`; nil for `plugins.json` in the folder of the configuration file, then in the working
    ///     directory. Without a manifest all linked plugins are mounted.
    ///   - namespace: the gateway's namespace.
    func read(manifest: String?, namespace: String?, logger: Logger) -> Reading {
        let catalog: PluginCatalog
        do {
            catalog = try Self.catalog(manifest: manifest ?? Self.foundManifest(beside: path))
        } catch {
            return Reading(configuration: nil, problems: [ConfigurationProblem(.error, at: "", "\(error)")])
        }
        guard let contents = FileManager.default.contents(atPath: path) else {
            return Reading(
                configuration: nil,
                problems: [ConfigurationProblem(.error, at: "", "not readable; expected the path of a readable file")])
        }
        do {
            let text = try YAMLConfigurationSource.text(utf8: Array(contents))
            return Self.read(text, catalog, namespace: namespace, logger: logger)
        } catch {
            return Reading(configuration: nil, problems: [error])
        }
    }

    /// Loads the text of a configuration file.
    static func read(_ text: String, _ catalog: PluginCatalog, namespace: String?, logger: Logger) -> Reading {
        let node: ConfigurationNode
        do {
            node = try YAMLConfigurationSource.parse(text)
        } catch {
            return Reading(configuration: nil, problems: [error])
        }
        return read(node, catalog, namespace: namespace, logger: logger)
    }

    /// Loads a parsed configuration file.
    static func read(
        _ node: ConfigurationNode, _ catalog: PluginCatalog, namespace: String?, logger: Logger
    ) -> Reading {
        let (configuration, problems) = ConfigurationLoader.load(
            node, catalog: catalog, context: ConfigurationContext(namespace: namespace, logger: logger))
        return Reading(configuration: configuration, problems: problems)
    }

    /// Returns the absolute path of a file in the configuration; relative paths start at the configuration's folder.
    @Sendable func resolve(_ file: String) -> String {
        guard !file.hasPrefix("/") else { return file }
        let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        return "\(folder)/\(file)"
    }

    static func foundManifest(beside path: String) -> String? {
        let beside = ConfigurationFile(path: path).resolve("plugins.json")
        return [beside, "plugins.json"].first { FileManager.default.fileExists(atPath: $0) }
    }

    static func catalog(manifest path: String?) throws(ManifestProblem) -> PluginCatalog {
        guard let path else {
            return PluginCatalog(plugins: LinkedPlugins.all, presets: try presets(beside: nil))
        }
        guard let contents = FileManager.default.contents(atPath: path) else {
            throw ManifestProblem(description: "\(path): not readable; expected the path of a readable plugins.json")
        }
        let mounted: PluginCatalog
        do {
            mounted = try PluginManifest(parsing: Array(contents)).resolve(against: LinkedPlugins.all)
        } catch {
            throw ManifestProblem(description: "\(path): \(error)")
        }
        return PluginCatalog(plugins: mounted.plugins, presets: try presets(beside: path))
    }

    /// The built-in presets whose plugin is linked, and those of `presets.json` beside the manifest.
    private static func presets(beside manifest: String?) throws(ManifestProblem) -> [Preset] {
        let plugins = LinkedPlugins.all.map { $0.id }
        var tables: [(name: String, text: [UInt8])] = []
        // An executable with other plugins may lack the one that the built-in presets use.
        if plugins.contains(where: { $0 == PluginCatalog.generalPlugin }) {
            tables.append((BuiltInPresets.name, BuiltInPresets.table))
        }
        if let manifest {
            let path = ConfigurationFile(path: manifest).resolve("presets.json")
            if FileManager.default.fileExists(atPath: path) {
                guard let contents = FileManager.default.contents(atPath: path) else {
                    throw ManifestProblem(description: "\(path): not readable; make it readable, or remove it")
                }
                tables.append((path, Array(contents)))
            }
        }
        do {
            return try PresetTable.read(tables, plugins: plugins)
        } catch {
            throw ManifestProblem(description: "\(error)")
        }
    }

    struct ManifestProblem: Error, CustomStringConvertible {
        let description: String
    }
}
