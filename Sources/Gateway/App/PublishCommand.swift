import ArgumentParser
import FoundationEssentials
import GatewayCore
import GatewayServer
import Logging

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
        try await PublicationByHand(config: config, plugins: plugins).run(
            endpoint: endpoint, mode: check ? .check : takeOver ? .takeOver : .publish, isByAdministrator: false)
    }
}

/// Publication from the command line.
struct PublicationByHand {
    let config: String
    let plugins: String?

    /// - Parameter endpoint: nil for every one that has a publisher.
    func run(endpoint: String?, mode: ManualPublication.Mode, isByAdministrator: Bool) async throws {
        let file = ConfigurationFile(path: config)
        let logger = Logger(label: "sts-gateway") { label in
            JSONLogHandler(label: label, logLevel: .warning) { Terminal.write($0, to: 2) }
        }
        let reading = file.read(manifest: plugins, namespace: Surroundings.namespace, logger: logger)
        for problem in reading.problems { Terminal.error(problem.text(file: config)) }
        guard let configuration = reading.configuration else { throw ExitStatus.configuration }
        let surroundings = GatewayAssembly.Surroundings(
            version: GatewayVersion.current, environment: ProcessInfo.processInfo.environment, resolve: file.resolve,
            clock: { Date() }, writeAudit: { Terminal.write($0, to: 1) })
        let publication: ManualPublication
        do {
            publication = try ManualPublication(configuration, in: surroundings, logger: logger)
        } catch {
            Terminal.error("\(config): \(error)")
            throw ExitStatus.configuration
        }
        var isDifferent = false
        var hasFailed = false
        for one in try chosen(endpoint, of: configuration) {
            switch await publication.run(
                one, mode: mode, isByAdministrator: isByAdministrator, tell: { print($0) })
            {
            case .good: break
            case .differs: isDifferent = true
            case .failed: hasFailed = true
            }
        }
        if hasFailed { throw ExitStatus.unavailable }
        if isDifferent { throw ExitStatus.checkFailed }
    }

    private func chosen(_ name: String?, of configuration: GatewayConfiguration) throws -> [EndpointConfiguration] {
        let published = configuration.endpoints.filter { $0.publisher != nil }
        guard let name else {
            if published.isEmpty {
                Terminal.error("\(config): no endpoint has a publisher; give one its publish block")
                throw ExitStatus.configuration
            }
            return published
        }
        guard let one = configuration.endpoints.first(where: { $0.name == name }) else {
            let names = configuration.endpoints.map(\.name).joined(separator: ", ")
            throw ValidationError("--endpoint: there is no endpoint \"\(name)\"; write one of \(names)")
        }
        guard one.publisher != nil else {
            Terminal.error("\(config): the endpoint \(name) has no publisher; give it a publish block")
            throw ExitStatus.configuration
        }
        return [one]
    }
}
