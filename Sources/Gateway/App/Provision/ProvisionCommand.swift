import ArgumentParser
import GatewayServer

/// Provisions the relying party with an administrator's credentials. The step `documents` is the first publication: the
/// relying party cannot verify the gateway's token before the issuer URL serves its key.
struct ProvisionCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "provision",
        abstract: "Provision an endpoint at its relying party with an administrator's credentials.",
        discussion: """
            The step documents publishes the issuer documents once, like publish, but with your credentials (for aws: \
            environment, profile, web identity, container, instance). Exit status: 69 if something failed or was \
            rejected, 78 if the configuration is invalid.
            """)

    enum Step: String, ExpressibleByArgument, CaseIterable {
        case documents
    }

    @Argument(help: "The plugin that publishes, such as aws.")
    var plugin: String

    @Option(help: "The configuration file (YAML or JSON).")
    var config: String

    @Option(help: "The plugin manifest (plugins.json).")
    var plugins: String?

    @Option(help: "The name of the endpoint.")
    var endpoint: String

    @Option(help: "The step to run.")
    var only: Step

    @Flag(help: "Change nothing; print what would be done.")
    var plan = false

    @Flag(help: "Overwrite documents of another key ring.")
    var takeOver = false

    func validate() throws {
        guard !plan || !takeOver else {
            throw ValidationError("--plan and --take-over are mutually exclusive; use one of them")
        }
    }

    func run() async throws {
        switch only {
        case .documents:
            try await CommandLinePublication(config: config, plugins: plugins).run(
                endpoint: endpoint, mode: plan ? .check : takeOver ? .takeOver : .publish, isByAdministrator: true,
                plugin: plugin)
        }
    }
}
