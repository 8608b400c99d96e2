import ArgumentParser
public import GatewayPluginAPI

/// The program `sts-gateway` for an executable with a plugin list of its own:
///
///     @main
///     enum ExampleGateway {
///         static func main() async { await GatewayProgram.main(plugins: [ExampleProvider.self]) }
///     }
public enum GatewayProgram {
    /// Runs the command that the process's arguments name, and ends the process with its exit status.
    ///
    /// - Parameter plugins: the linked plugins. `plugins.json` selects among them; without that file all are mounted.
    public static func main(plugins: [any ProviderPlugin.Type]) async {
        await LinkedPlugins.$all.withValue(plugins) { await GatewayCommand.main() }
    }
}
