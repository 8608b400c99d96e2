import ArgumentParser
import FoundationEssentials
import GatewayCore
import GatewayPluginAPI
import GatewayServer
import Logging

/// Removes what `provision` has created, with an administrator's credentials.
struct DeprovisionCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "deprovision",
        abstract: "Delete what provision has created at the relying party.",
        discussion: """
            Deletes against the direction of trust: roles first, the bucket last. What others still use stays, with \
            everything below it, and is printed with the reason; so does what existed before. Remove the endpoint \
            from the gateway's configuration first. A run that failed continues with the same command. Exit status: \
            64 without --yes where nobody can be asked, 69 if something failed, 75 if something stays, 78 if the \
            configuration is invalid, 130 after Ctrl-C.
            """)

    @Argument(help: "The plugin that has provisioned, such as aws.")
    var plugin: String

    @Option(help: "The configuration file (YAML or JSON) with the endpoint.")
    var config: String

    @Option(help: "The plugin manifest (plugins.json).")
    var plugins: String?

    @Option(help: "The name of the endpoint.")
    var endpoint: String

    @Flag(help: "Change nothing; print what would be deleted, and what stays.")
    var plan = false

    @Flag(help: "Do not ask for confirmation.")
    var yes = false

    @Option(help: "The output: text or json.")
    var output: ProvisioningOutput.Format = .text

    @Option(help: "The key ring's owner ID where the key ring is deleted, or its store cannot be reached.")
    var owner: String?

    @Option(help: "For aws: a profile of the AWS CLI. For gcp: a configuration of gcloud. Others do not use it.")
    var profile: String?

    @Option(help: "For aws: the region of the bucket.")
    var region: String?

    func validate() throws {
        guard output == .text || output == .json else {
            throw ValidationError("--output: invalid value; expected text or json")
        }
    }

    func run() async throws {
        let logger = Logger.forCommands
        let file = try ProvisioningConfiguration(config, manifest: plugins, logger: logger)
        let configuration = try file.loaded()
        let type = try file.plugin(named: plugin)
        let selected = try configuration.endpoint(named: endpoint)
        guard selected.pluginID == type.id else {
            throw ValidationError(
                "the endpoint \(endpoint) is one of the plugin \(selected.pluginID), not \(plugin)")
        }
        guard plan || yes || Terminal.isInteractive else {
            Terminal.error(
                "nothing was changed: there is no terminal to ask for confirmation; add --yes or --plan",
                .usage)
            throw ExitStatus.usage
        }
        let run = ProvisioningRun(
            mode: plan ? .planRemoval : .remove, configuration: file, plugin: type,
            output: ProvisioningOutput(output, isTerminal: Terminal.isInteractive), isConfirmed: yes, owner: owner)
        try await run.run([selected], of: configuration, profile: profile, region: region, logger: logger)
    }
}
