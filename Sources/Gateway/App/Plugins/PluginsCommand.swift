import ArgumentParser
import GatewayCore
import GatewayPluginAPI
import JSON

/// Lists the provider plugins of the binary, and whether the manifest mounts them.
struct PluginsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plugins", abstract: "List the provider plugins of this binary.")

    @Option(help: "The plugin manifest (plugins.json).")
    var plugins: String?
    @Flag(help: "Print one JSON object per line.") var json = false

    func run() throws {
        let mounted: Set<PluginID>
        do {
            mounted = Set(try ConfigurationFile.catalog(manifest: plugins).ids)
        } catch {
            Terminal.error("\(error)", .configurationError)
            throw ExitStatus.configuration
        }
        for plugin in LinkedPlugins.all.sorted(by: { $0.id < $1.id }) {
            let audiences = plugin.defaults.audiences.joined(separator: " ")
            guard !json else {
                let object: JSONValue = [
                    "id": .string(plugin.id.rawValue), "mounted": .bool(mounted.contains(plugin.id)),
                    "audiences": .array(plugin.defaults.audiences.map(JSONValue.string)),
                ]
                print(object.text)
                continue
            }
            print("\(plugin.id)\t\(mounted.contains(plugin.id) ? "mounted" : "not mounted")\t\(audiences)")
        }
    }
}
