import ExchangeClient
import Glibc

/// The program `sts-sidecar`: refreshes the token files of a Pod's endpoints.
@main
struct STSSidecar {
    // Exit codes of sysexits(3).
    private static let usageError: Int32 = 64
    private static let unavailable: Int32 = 69
    private static let systemError: Int32 = 71

    static func main() {
        var arguments = validArguments()
        let command = arguments.isEmpty ? "" : arguments.removeFirst()
        switch command {
        case "run": run(options(arguments))
        case "once": once(options(arguments))
        case "probe": probe(options(arguments, needsServer: false))
        case "--help", "-h", "help":
            print(help)
        case "--version", "version":
            print("sts-sidecar \(SidecarVersion.text)")
        default:
            LogLine.print("sts-sidecar: unknown command \"\(command)\" (\(SidecarCode.usage.rawValue))\n\(help)\n")
            exit(usageError)
        }
    }

    /// The arguments after the program name. `CommandLine.arguments` would replace invalid bytes by U+FFFD.
    private static func validArguments() -> [String] {
        var arguments: [String] = []
        for index in 1..<max(1, Int(CommandLine.argc)) {
            guard let text = CommandLine.unsafeArgv[index] else { break }
            guard let argument = String(validatingCString: text) else {
                LogLine.print("sts-sidecar: argument \(index) is not UTF-8 (\(SidecarCode.usage.rawValue))\n")
                exit(usageError)
            }
            arguments.append(argument)
        }
        for entry in Options.table {
            guard let text = getenv(entry.variable), String(validatingCString: text) == nil else { continue }
            LogLine.print("sts-sidecar: \(entry.variable) is not UTF-8 (\(SidecarCode.usage.rawValue))\n")
            exit(usageError)
        }
        return arguments
    }

    private static func run(_ options: Options) {
        refresh(options, exitStatus: 0, linger: options.linger) { refresher in refresher.run() }
    }

    private static func once(_ options: Options) {
        // 128 + SIGTERM: a terminated `once` has not fetched the tokens that the Pod waits for.
        refresh(options, exitStatus: 143) { refresher in
            let reasons = refresher.once()
            guard !reasons.isEmpty else { return }
            LogLine.print(reasons.map { "sts-sidecar: \($0)\n" }.joined())
            exit(unavailable)
        }
    }

    private static func probe(_ options: Options) {
        let problems = TokenProbe.problems(options, at: Clock.wall())
        LogLine.print(problems.map { "sts-sidecar: \($0)\n" }.joined())
        exit(problems.isEmpty ? 0 : 1)
    }

    private static func refresh(
        _ options: Options, exitStatus: Int32, linger: Int = 0, _ body: (inout TokenRefresher) -> Void
    ) {
        guard let server = options.server else { return }
        HostResolver.limitTime()
        do {
            var refresher = TokenRefresher(options, server: server, try Poller(exitStatus: exitStatus, linger: linger))
            body(&refresher)
        } catch {
            LogLine.print("sts-sidecar: \(error.reason) (\(error.code.rawValue))\n")
            exit(systemError)
        }
    }

    private static func options(_ arguments: [String], needsServer: Bool = true) -> Options {
        do {
            return try Options(
                arguments: arguments, environment: { getenv($0).map { String(cString: $0) } }, needsServer: needsServer)
        } catch {
            LogLine.print(error.texts.map { "sts-sidecar: \($0) (\(SidecarCode.usage.rawValue))\n" }.joined())
            exit(usageError)
        }
    }

    private static var help: String {
        let lines = Options.table.map { entry in
            "  \(entry.flag)\(String(repeating: " ", count: max(1, 22 - entry.flag.count)))\(entry.help)\n"
                + String(repeating: " ", count: 24) + "or \(entry.variable)"
        }
        return """
            sts-sidecar run     refresh the tokens until SIGTERM
            sts-sidecar once    fetch each token once
            sts-sidecar probe   exit 0 if every token exists and is valid

            \(lines.joined(separator: "\n"))
            """
    }
}
