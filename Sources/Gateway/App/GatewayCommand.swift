import ArgumentParser

/// `sts-gateway`: exchanges Kubernetes ServiceAccount tokens for tokens that other parties accept.
@main
struct GatewayCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sts-gateway",
        abstract: "A Security Token Service for Kubernetes.",
        version: GatewayVersion.current,
        subcommands: [
            ServeCommand.self, ConfigCommand.self, AuthzCommand.self, KeysCommand.self, PublishCommand.self,
            ProvisionCommand.self, InjectCommand.self,
            WebhookCommand.self,
            PluginsCommand.self,
            VersionCommand.self,
        ])
}

enum GatewayVersion {
    static let current = "0.1.0"
}

struct VersionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "version", abstract: "Print the version.")

    func run() { print("sts-gateway \(GatewayVersion.current)") }
}
