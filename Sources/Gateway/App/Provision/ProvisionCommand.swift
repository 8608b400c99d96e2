import ArgumentParser
import GatewayServer

/// Sets up at the relying party what a gateway cannot set up by itself. So far that is the first publication: the
/// gateway's own token proves nothing before the issuer URL serves its key.
struct ProvisionCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "provision",
        abstract: "Set an endpoint up at its relying party, with an administrator's credentials.",
        discussion: """
            The step documents publishes the issuer's documents once, as publish does, but with the credentials of \
            whoever runs it (for aws: environment, profile, web identity, container, instance). Other steps follow in a \
            later version. Exits 69 where something failed or was refused, 78 where the configuration is wrong.
            """)

    enum Step: String, ExpressibleByArgument, CaseIterable {
        case documents
    }

    @Argument(help: "The plugin that publishes, such as aws.")
    var plugin: String

    @Option(help: "The configuration file (YAML or JSON).")
    var config: String

    @Option(help: "The manifest of provider plugins.")
    var plugins: String?

    @Option(help: "The endpoint's name.")
    var endpoint: String

    @Option(help: "The step to do.")
    var only: Step

    @Flag(help: "Change nothing; say what would be done.")
    var plan = false

    @Flag(help: "Overwrite what another key ring published there.")
    var takeOver = false

    func validate() throws {
        guard !plan || !takeOver else { throw ValidationError("--plan and --take-over do not go together") }
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
