import ArgumentParser
import GatewayCore
import GatewayServer

/// What every `keys` command is told.
struct KeyOptions: ParsableArguments {
    @Option(help: "The configuration file (YAML or JSON).")
    var config: String

    @Option(help: "The manifest of provider plugins.")
    var plugins: String?

    /// Does the work; what the key store says is printed, and the exit status is then that of something unavailable.
    func administer(_ work: (GatewayConfiguration, KeyAdministration) async throws -> Void) async throws {
        try await ConfigurationFile(path: config).manually(manifest: plugins) { configuration, session in
            do {
                try await work(configuration, KeyAdministration(session))
            } catch let error as StoreError {
                Terminal.error("sts-gateway: \(error)")
                throw ExitStatus.unavailable
            }
        }
    }
}
