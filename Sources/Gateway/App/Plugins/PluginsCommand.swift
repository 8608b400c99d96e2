import ArgumentParser
import GatewayCore
import GatewayPluginAPI

/// Lists the provider plugins of the binary, and whether the manifest mounts them.
struct PluginsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plugins", abstract: "List the provider plugins of this binary.")

    @Option(help: "The plugin manifest (plugins.json).")
    var plugins: String?

    func run() throws {
        let mounted: Set<PluginID>
        do {
            mounted = Set(try ConfigurationFile.catalog(manifest: plugins).ids)
        } catch {
            Terminal.error("\(error)")
            throw ExitStatus.configuration
        }
        for plugin in LinkedPlugins.all.sorted(by: { $0.id < $1.id }) {
            let audiences = plugin.defaults.audiences.joined(separator: " ")
            print("\(plugin.id)\t\(mounted.contains(plugin.id) ? "mounted" : "not mounted")\t\(audiences)")
        }
    }
}
