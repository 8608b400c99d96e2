import ArgumentParser
import GatewayCore

/// `sts-gateway`: exchanges Kubernetes ServiceAccount tokens for tokens that other parties accept.
struct GatewayCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sts-gateway",
        abstract: "A Security Token Service for Kubernetes.",
        version: GatewayVersion.current,
        subcommands: [
            ServeCommand.self, ConfigCommand.self, StatusCommand.self, AuthzCommand.self, KeysCommand.self,
            PublishCommand.self,
            DoctorCommand.self, TokenCommand.self,
            ProvisionCommand.self, DeprovisionCommand.self, InjectCommand.self,
            WebhookCommand.self, PolicyCommand.self,
            PluginsCommand.self, PresetsCommand.self,
            VersionCommand.self,
        ])

    /// Runs a command. An error that no command has printed is printed with its code.
    private static func run(_ arguments: [String]) async {
        do {
            var command = try parseAsRoot(arguments)
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch {
            let message = fullMessage(for: error)
            let status = exitCode(for: error)
            guard status != .success, !message.isEmpty else { exit(withError: error) }
            // The error, then the usage.
            let lines = message.split(separator: "\n", maxSplits: 1, omittingEmptySubsequences: false)
            Terminal.error(String(lines[0]), status == .validationFailure ? .usage : .unspecified)
            if lines.count > 1 { Terminal.error(String(lines[1])) }
            exit(withError: status)
        }
    }

    /// Runs the command of the process's arguments; exits 64 if one of them is not UTF-8.
    static func main() async {
        do {
            await run(try CommandLineArguments.ofProcess())
        } catch {
            Terminal.error("sts-gateway: \(error)", .usage)
            exit(withError: ExitCode.validationFailure)
        }
    }
}
