import ArgumentParser

/// `sts-gateway`: exchanges Kubernetes ServiceAccount tokens for tokens that other parties accept.
struct GatewayCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sts-gateway",
        abstract: "A Security Token Service for Kubernetes.",
        version: GatewayVersion.current,
        subcommands: [
            ServeCommand.self, ConfigCommand.self, AuthzCommand.self, KeysCommand.self, PublishCommand.self,
            DoctorCommand.self, TokenCommand.self,
            ProvisionCommand.self, DeprovisionCommand.self, InjectCommand.self,
            WebhookCommand.self,
            PluginsCommand.self, PresetsCommand.self,
            VersionCommand.self,
        ])

    /// Runs the command of the process's arguments; exits 64 if one of them is not UTF-8.
    static func main() async {
        do {
            await main(try CommandLineArguments.ofProcess())
        } catch {
            Terminal.error("sts-gateway: \(error)")
            exit(withError: ExitCode.validationFailure)
        }
    }
}
