import FoundationEssentials
import GatewayCore
import GatewayPluginAPI
import GatewayServer
import Logging

/// What `serve` begins with: the configuration of the file, or the last good one where that is not good.
struct ServedConfiguration {
    /// Addresses of the command line, which hold in place of the file's.
    struct Addresses: Sendable {
        var tokens: ListenAddress?
        var webhook: ListenAddress?
        var admin: ListenAddress?
    }

    let configuration: GatewayConfiguration
    /// To follow the file.
    let source: ConfigurationSource
    /// What the file holds; nil if it cannot be read or is not UTF-8.
    let text: String?
    /// Why the configuration is not the file's; nil where it is.
    let fallback: String?

    /// Prints all that there is to say about the file.
    ///
    /// - Throws: the exit status of a wrong configuration, where there is no last good one either.
    init(_ file: ConfigurationFile, manifest: String?, addresses: Addresses, logger: Logger) async throws {
        let namespace = CommandEnvironment.namespace
        let catalog: PluginCatalog
        do {
            catalog = try ConfigurationFile.catalog(
                manifest: manifest ?? ConfigurationFile.foundManifest(beside: file.path))
        } catch {
            Terminal.error("\(file.path): error: \(error)")
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
        for problem in reading.problems { Terminal.error(problem.text(file: file.path)) }
        if let configuration = reading.configuration {
            self.configuration = addresses.applied(configuration)
            fallback = nil
            return
        }
        guard let kept = await Self.lastGood(file, besides: text, load, logger) else {
            throw ExitStatus.configuration
        }
        configuration = addresses.applied(kept)
        let reason = reading.problems.first { $0.severity == .error }.map { "\($0)" } ?? "it cannot be read"
        fallback = "the file is not good (\(reason)); the last good configuration is in force"
        logger.critical(
            "started with the last good configuration, for the file is not good",
            metadata: ["file": "\(file.path)", "reason": "\(reason)"])
    }

    private static func text(of file: ConfigurationFile) throws(ConfigurationProblem) -> String {
        guard let contents = FileManager.default.contents(atPath: file.path) else {
            throw ConfigurationProblem(.error, at: "", "cannot be read; give the path of a readable file")
        }
        return try YAMLConfigurationSource.text(utf8: Array(contents))
    }

    private static func lastGood(
        _ file: ConfigurationFile, besides text: String?, _ load: (String) -> ConfigurationFile.Reading,
        _ logger: Logger
    ) async -> GatewayConfiguration? {
        do {
            let kept = try await LastGoodStart.text(
                besides: text, in: HostEnvironment(of: file), logger: logger)
            return kept.flatMap { load($0).configuration }
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
