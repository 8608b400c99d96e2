import ArgumentParser
import GatewayServer

struct PublishCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "publish", abstract: "Publish the issuer documents once, as serve does periodically.",
        discussion: """
            Exit status: 1 if --check finds a difference, 69 if something failed or was rejected, 78 if the \
            configuration is invalid.
            """)

    @Option(help: "The configuration file (YAML or JSON).")
    var config: String

    @Option(help: "The plugin manifest (plugins.json).")
    var plugins: String?

    @Option(help: "The name of an endpoint; by default all endpoints with a publisher.")
    var endpoint: String?

    @Flag(help: "Write nothing; print which documents are not up to date.")
    var check = false

    @Flag(help: "Overwrite documents of another key ring.")
    var takeOver = false

    @Flag(help: "Print one JSON object per endpoint, and progress on standard error.")
    var json = false

    func validate() throws {
        guard !check || !takeOver else {
            throw ValidationError("--check and --take-over are mutually exclusive; use one of them")
        }
    }

    func run() async throws {
        try await CommandLinePublication(config: config, plugins: plugins).run(
            endpoint: endpoint, mode: check ? .check : takeOver ? .takeOver : .publish, json: json)
    }
}
