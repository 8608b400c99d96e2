import ArgumentParser
import GatewayServer

struct PublishCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "publish", abstract: "Publish the issuer documents once, by hand, as serve does by itself.",
        discussion: """
            Exits 1 where --check finds a difference, 69 where something failed or was refused, 78 where the \
            configuration is wrong.
            """)

    @Option(help: "The configuration file (YAML or JSON).")
    var config: String

    @Option(help: "The manifest of provider plugins.")
    var plugins: String?

    @Option(help: "One endpoint's name; by default every endpoint that has a publisher.")
    var endpoint: String?

    @Flag(help: "Write nothing; say what is not as it should be.")
    var check = false

    @Flag(help: "Overwrite what another key ring published there.")
    var takeOver = false

    func validate() throws {
        guard !check || !takeOver else { throw ValidationError("--check and --take-over do not go together") }
    }

    func run() async throws {
        try await CommandLinePublication(config: config, plugins: plugins).run(
            endpoint: endpoint, mode: check ? .check : takeOver ? .takeOver : .publish)
    }
}
