import ArgumentParser
import GatewayCore
import GatewayServer

/// The options of all `keys` commands.
struct KeyOptions: ParsableArguments {
    @Option(help: "The configuration file (YAML or JSON).")
    var config: String

    @Option(help: "The plugin manifest (plugins.json).")
    var plugins: String?

    /// Runs the work. An error of the key store is printed, with the exit status `unavailable`.
    func administer(_ work: (GatewayConfiguration, KeyAdministration) async throws -> Void) async throws {
        try await ConfigurationFile(path: config).withSession(manifest: plugins) { configuration, session in
            do {
                try await work(configuration, KeyAdministration(session))
            } catch let error as StoreError {
                Terminal.error("sts-gateway: \(error) (\(error.code))")
                throw ExitStatus.unavailable
            }
        }
    }
}
