import FoundationEssentials
import GatewayCore
import GatewayPluginAPI
import GatewayServer
import Logging

/// The configuration that `serve` starts with: the one in the file, or the last valid one where the file is invalid.
struct ServedConfiguration {
    /// The addresses on the command line, which override those in the file.
    struct Addresses: Sendable {
        var tokens: ListenAddress?
        var webhook: ListenAddress?
        var admin: ListenAddress?
    }

    let configuration: GatewayConfiguration
    /// Loads the file again when it changes.
    let source: ConfigurationSource
    /// The text of the file; nil if it is not readable or not UTF-8.
    let text: String?
    /// Why the configuration is not the one in the file; nil where it is.
    let fallback: String?

    /// Loads the file. Problems that prevent the start are printed, and others logged.
    ///
    /// - Throws: the exit status of an invalid configuration, where there is no last valid one.
    init(_ file: ConfigurationFile, manifest: String?, addresses: Addresses, logger: Logger) async throws {
        let namespace = CommandEnvironment.namespace
        let catalog: PluginCatalog
        do {
            catalog = try ConfigurationFile.catalog(
                manifest: manifest ?? ConfigurationFile.foundManifest(beside: file.path))
        } catch {
            Terminal.error("\(file.path): error: \(error)", .configurationError)
            throw ExitStatus.configuration
        }
        let load: @Sendable (String) -> ConfigurationFile.Reading = { text in
            ConfigurationFile.read(text, catalog, namespace: namespace, logger: logger)
        }
        source = ConfigurationSource(path: file.path) { text in
            let reading = load(text)
            return (reading.configuration.map(addresses.applied), reading.problems)
        }
        let reading: ConfigurationFile.Reading
        do {
            let text = try Self.text(of: file)
            self.text = text
            reading = load(text)
        } catch {
            text = nil
            reading = ConfigurationFile.Reading(configuration: nil, problems: [error])
        }
        if let configuration = reading.configuration {
            for problem in reading.problems {
                logger.warning(
                    "configuration warning",
                    metadata: ["code": "\(problem.code)", "problem": "\(problem.text(file: file.path))"])
            }
            self.configuration = addresses.applied(configuration)
            fallback = nil
            return
        }
        guard let last = await Self.lastValid(file, replacing: text, load, logger) else {
            for problem in reading.problems { Terminal.error(problem.text(file: file.path)) }
            throw ExitStatus.configuration
        }
        for problem in reading.problems where problem.severity == .error {
            logger.error(
                "configuration rejected",
                metadata: ["code": "\(problem.code)", "problem": "\(problem.text(file: file.path))"])
        }
        configuration = addresses.applied(last)
        let reason = reading.problems.first { $0.severity == .error }.map { "\($0)" } ?? "not readable"
        fallback = "configuration file is invalid (\(reason)); the last valid configuration is in force"
        logger.critical(
            "configuration file is invalid; started with the last valid one",
            metadata: ["code": "\(ErrorCode.configurationError)", "file": "\(file.path)", "reason": "\(reason)"])
    }

    private static func text(of file: ConfigurationFile) throws(ConfigurationProblem) -> String {
        guard let contents = FileManager.default.contents(atPath: file.path) else {
            throw ConfigurationProblem(.error, at: "", "not readable; expected the path of a readable file")
        }
        return try YAMLConfigurationSource.text(utf8: Array(contents))
    }

    private static func lastValid(
        _ file: ConfigurationFile, replacing text: String?, _ load: (String) -> ConfigurationFile.Reading,
        _ logger: Logger
    ) async -> GatewayConfiguration? {
        do {
            let last = try await LastValidStart.text(
                replacing: text, in: HostEnvironment(of: file), logger: logger)
            return last.flatMap { load($0).configuration }
        } catch {
            Terminal.error(error.text(file: file.path))
            return nil
        }
    }
}

extension ServedConfiguration.Addresses {
    @Sendable func applied(_ configuration: GatewayConfiguration) -> GatewayConfiguration {
        var configuration = configuration
        if let tokens { configuration.listeners.tokens = tokens }
        if let webhook { configuration.listeners.webhook = webhook }
        if let admin { configuration.listeners.admin = admin }
        return configuration
    }
}
