import ArgumentParser
import FoundationEssentials
import GatewayCore
import GatewayServer
import Logging

/// What every `keys` command is told, and the opening of the key store by it.
struct KeyOptions: ParsableArguments {
    @Option(help: "The configuration file (YAML or JSON).")
    var config: String

    @Option(help: "The manifest of provider plugins.")
    var plugins: String?

    /// The opened store, and the configuration that it belongs to.
    struct Opened: Sendable {
        let configuration: GatewayConfiguration
        let administration: KeyAdministration

        func endpoint(_ name: String) throws -> EndpointConfiguration {
            guard let endpoint = configuration.endpoints.first(where: { $0.name == name }) else {
                let names = configuration.endpoints.map(\.name).joined(separator: ", ")
                throw ValidationError("--endpoint: there is no endpoint \"\(name)\"; write one of \(names)")
            }
            return endpoint
        }
    }

    func administer(_ work: (Opened) async throws -> Void) async throws {
        let file = ConfigurationFile(path: config)
        let logger = Logger(label: "sts-gateway") { label in
            JSONLogHandler(label: label, logLevel: .warning) { Terminal.write($0, to: 2) }
        }
        let configuration = try file.checked(manifest: plugins, logger: logger)
        let administration: KeyAdministration
        do {
            administration = try KeyAdministration(
                configuration, in: GatewayAssembly.Surroundings(of: file), logger: logger)
        } catch {
            Terminal.error(error.text(file: config))
            throw ExitStatus.configuration
        }
        do {
            try await work(Opened(configuration: configuration, administration: administration))
        } catch {
            await administration.close()
            guard let error = error as? KeyStoreError else { throw error }
            Terminal.error("sts-gateway: \(error)")
            throw ExitStatus.unavailable
        }
        await administration.close()
    }
}

extension ConfigurationFile {
    /// The configuration, where it has no error; what there is to say about it is printed.
    ///
    /// - Throws: the exit status of a wrong configuration.
    func checked(manifest: String?, logger: Logger) throws -> GatewayConfiguration {
        let reading = read(manifest: manifest, namespace: Surroundings.namespace, logger: logger)
        for problem in reading.problems { Terminal.error(problem.text(file: path)) }
        guard let configuration = reading.configuration else { throw ExitStatus.configuration }
        return configuration
    }
}

extension GatewayAssembly.Surroundings {
    /// This process's, with paths from the configuration file's folder.
    init(of file: ConfigurationFile) {
        self.init(
            version: GatewayVersion.current, environment: ProcessInfo.processInfo.environment,
            namespace: Surroundings.namespace, resolve: file.resolve, clock: { Date() },
            writeAudit: { Terminal.write($0, to: 1) })
    }
}
