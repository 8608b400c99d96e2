import ArgumentParser
import FoundationEssentials
import GatewayCore
import GatewayServer
import Logging

extension ConfigurationFile {
    /// Runs the work of a command with the configuration and its key store.
    ///
    /// - Throws: the exit status of an invalid configuration, or the error of the work.
    func withSession(
        manifest: String?, _ work: (GatewayConfiguration, ManualSession) async throws -> Void
    ) async throws {
        let logger = Logger.forCommands
        try await withSession(try checked(manifest: manifest, logger: logger), logger: logger) {
            try await work($0, $1)
        }
    }

    /// Runs the work of a command with a configuration that was read from this file.
    ///
    /// - Parameters:
    ///   - variables: replaces variables of the environment.
    ///   - profile: of the administrator's credentials.
    func withSession(
        _ configuration: GatewayConfiguration, variables: [String: String] = [:], profile: String? = nil,
        logger: Logger,
        _ work: (GatewayConfiguration, ManualSession) async throws -> Void
    ) async throws {
        let session: ManualSession
        do {
            session = try ManualSession(
                configuration, in: HostEnvironment(of: self, variables: variables, profile: .some(profile)),
                logger: logger)
        } catch {
            Terminal.error(error.text(file: path))
            throw ExitStatus.configuration
        }
        do {
            try await work(configuration, session)
        } catch {
            await session.close()
            throw error
        }
        await session.close()
    }

    /// Returns the configuration, and prints its problems.
    ///
    /// - Throws: the exit status of an invalid configuration.
    func checked(manifest: String?, logger: Logger) throws -> GatewayConfiguration {
        try checked(manifest: manifest, namespace: CommandEnvironment.namespace, logger: logger)
    }

    /// - Parameter namespace: the gateway's namespace; nil where it is not known.
    func checked(manifest: String?, namespace: String?, logger: Logger) throws -> GatewayConfiguration {
        let reading = read(manifest: manifest, namespace: namespace, logger: logger)
        for problem in reading.problems { Terminal.error(problem.text(file: path)) }
        guard let configuration = reading.configuration else { throw ExitStatus.configuration }
        return configuration
    }
}

extension GatewayConfiguration {
    /// - Throws: a usage error with the names of the endpoints.
    func endpoint(named name: String) throws -> EndpointConfiguration {
        guard let endpoint = endpoints.first(where: { $0.name == name }) else {
            let names = endpoints.map(\.name).joined(separator: ", ")
            throw ValidationError("--endpoint: no endpoint \"\(name)\"; use one of \(names)")
        }
        return endpoint
    }
}

extension HostEnvironment {
    /// This process's, with paths from the configuration file's folder.
    ///
    /// - Parameters:
    ///   - log: whose dropped lines are counted; nil for none.
    ///   - failures: the latest warnings and errors of the log; nil for none.
    ///   - variables: replaces variables of the environment.
    ///   - profile: for a command, the profile of its credentials; nil for `serve`, which runs no program.
    init(
        of file: ConfigurationFile, log: BufferedLogOutput? = nil, failures: RecentFailures? = nil,
        variables: [String: String] = [:],
        profile: String?? = nil
    ) {
        let environment = ProcessInfo.processInfo.environment.merging(variables) { $1 }
        self.init(
            version: GatewayVersion.current,
            environment: environment,
            namespace: CommandEnvironment.namespace, resolve: file.resolve, clock: { Date() },
            writeAudit: { (lines: [UInt8]) in Terminal.write(lines, to: 1) },
            takeDroppedLogLines: { log?.takeDroppedLines() ?? 0 },
            recentFailures: { failures?.all ?? [] },
            administrator: profile.map {
                Administrator(profile: $0, programs: LocalPrograms(environment: environment))
            })
    }
}

extension Logger {
    /// Warnings and errors, to standard error.
    static var forCommands: Logger {
        Logger(label: "sts-gateway") { label in
            JSONLogHandler(label: label, logLevel: .warning) { Terminal.write($0, to: 2) }
        }
    }
}
