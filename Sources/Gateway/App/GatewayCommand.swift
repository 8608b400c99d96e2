import ArgumentParser

/// `sts-gateway`: exchanges Kubernetes ServiceAccount tokens for tokens that other parties accept.
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
