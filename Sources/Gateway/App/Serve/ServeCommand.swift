import ArgumentParser
import FoundationEssentials
import GatewayCore
import GatewayServer
import Logging
import ServiceLifecycle
import UnixSignals

struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Run the gateway.",
        discussion: "Exit status: 78, after printing all problems, if the gateway refuses to start.")

    @Option(help: "The configuration file (YAML or JSON).")
    var config: String

    @Option(help: "The plugin manifest (plugins.json).")
    var plugins: String?

    @Option(help: "ADDRESS:PORT of the token listener, overrides listeners.tokens; port 0 for any.")
    var listen: String?

    @Option(help: "ADDRESS:PORT of the admission webhook, overrides listeners.webhook; port 0 for any.")
    var webhookListen: String?

    @Option(help: "ADDRESS:PORT of the admin listener, overrides listeners.admin; port 0 for any.")
    var adminListen: String?

    func run() async throws {
        ProcessMemory.limitAreas()
        let output = BufferedLogOutput(clock: { Date() }) { Terminal.write($0, to: 2) }
        let failures = RecentFailures(clock: { Date() })
        let result: Result<Void, any Error>
        do {
            result = .success(try await serve(loggingTo: output, failures))
        } catch {
            result = .failure(error)
        }
        // An output that takes nothing does not keep the process.
        await output.drain(for: .seconds(2))
        try result.get()
    }

    private func serve(loggingTo output: BufferedLogOutput, _ failures: RecentFailures) async throws {
        let file = ConfigurationFile(path: config)
        let served = try await ServedConfiguration(
            file, manifest: plugins,
            addresses: ServedConfiguration.Addresses(
                tokens: Self.address(listen, "--listen"), webhook: Self.address(webhookListen, "--webhook-listen"),
                admin: Self.address(adminListen, "--admin-listen")),
            logger: Self.logger(level: .info, output, failures))
        let configuration = served.configuration
        let logger = Self.logger(level: configuration.log.level.loggerLevel, output, failures)
        let assembly: GatewayAssembly
        do {
            assembly = try await GatewayAssembly.make(
                configuration, from: served.source, text: served.text, fallback: served.fallback,
                in: HostEnvironment(of: file, log: output, failures: failures), logger: logger)
        } catch let problems as GatewayAssembly.StartProblems {
            for problem in problems.problems { Terminal.error(problem.text(file: config)) }
            throw ExitStatus.configuration
        }
        logger.notice(
            "starting",
            metadata: [
                "version": "\(GatewayVersion.current)", "cluster": "\(configuration.cluster)",
                "endpoints": .names(configuration.endpoints.map(\.name)),
            ])
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: assembly.services, gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
        do {
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                tasks.addTask { try await group.run() }
                tasks.addTask {
                    // Without a graceful shutdown the signal would end the process.
                    for await _ in await UnixSignalsSequence(trapping: .sighup) {
                        logger.notice("reload requested")
                        assembly.reload()
                    }
                    while !Task.isCancelled { try await Task.sleep(for: .seconds(3_600)) }
                }
                tasks.addTask {
                    try await assembly.untilOverdue()
                    logger.critical(
                        "shutdown timed out", metadata: ["code": "\(ErrorCode.shutdownTimedOut)"])
                    await output.drain(for: .seconds(1))
                    Self.exit(withError: ExitCode.failure)
                }
                try await tasks.next()
                tasks.cancelAll()
            }
        } catch {
            logger.critical(
                "stopped", metadata: ["code": "\(ErrorCode.serviceEnded)", "reason": "\(error)"])
            throw ExitCode.failure
        }
        logger.notice("stopped")
    }

    private static func address(_ text: String?, _ option: String) throws -> ListenAddress? {
        guard let text else { return nil }
        guard let address = ListenAddress(text) else {
            throw ValidationError(
                "\(option): invalid address \"\(text)\"; expected ADDRESS:PORT, such as 127.0.0.1:8443 or [::]:8443")
        }
        return address
    }

    private static func logger(
        level: Logger.Level, _ output: BufferedLogOutput, _ failures: RecentFailures
    ) -> Logger {
        Logger(label: "sts-gateway") { label in
            JSONLogHandler(label: label, logLevel: level, failures: failures) { output.write($0) }
        }
    }
}

extension GatewayConfiguration.Log.Level {
    var loggerLevel: Logger.Level {
        switch self {
        case .debug: .debug
        case .info: .info
        case .notice: .notice
        case .warning: .warning
        case .error: .error
        }
    }
}
