import ArgumentParser
import FoundationEssentials
import GatewayCore
import JSON

struct AuthzCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "authz", abstract: "Explain authorization decisions.", subcommands: [Explain.self])

    /// Exit status: 0 where the rules allow the workload, 1 where they deny it, 64 where the input is invalid.
    struct Explain: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Explain why the rules allow or deny a workload, with a line for each rule and filter.",
            discussion: """
                Missing attributes are absent, except that namespace and ServiceAccount name are derived from the \
                username, and cluster and endpoint from the configuration. The cluster is not called.

                With --audit-log each record of an authenticated request is decided by the rules again. The rules with \
                mode audit count as if they were the only ones, where there are any. Output: a line for each \
                ServiceAccount that would be decided otherwise. Exit status: 1 if a request would be denied that was \
                allowed, else 0.

                Exit status: 0 if the rules allow the workload, 1 if they deny it, 64 if a filter, an attribute or an \
                option is invalid.
                """)

        @Option(help: "The configuration file with the endpoint.")
        var config: String?

        @Option(help: "The name of the endpoint.")
        var endpoint: String?

        @Option(help: "The plugin manifest (plugins.json).")
        var plugins: String?

        @Option(help: "A filter instead of the rules of an endpoint, such as '(namespace=a)'.")
        var constraint: String?

        @Option(
            name: .customLong("attribute"), parsing: .unconditionalSingleValue,
            help: ArgumentHelp(
                "An attribute of the workload, such as namespace=a; groups may be repeated.",
                valueName: "name=value"))
        var attributes: [String] = []

        @Option(
            help: ArgumentHelp(
                "Audit records instead of attributes: which of their requests would the rules decide otherwise?",
                valueName: "file"))
        var auditLog: String?

        @Flag(help: "Print JSON.")
        var json = false

        func run() throws {
            let question: AuthzQuestion
            do {
                question = try self.question()
            } catch {
                for line in error.lines { Terminal.error(line, .usage) }
                throw ExitStatus.usage
            }
            for warning in question.warnings { Terminal.error("warning: \(warning)", .configurationWarning) }
            if let auditLog {
                try replay(auditLog, question)
                return
            }
            let explanation = question.explanation
            print(json ? explanation.json.text : explanation.text)
            // A configuration with such a filter is invalid, so that there is no decision.
            if let problem = question.unknownAttributes {
                Terminal.error(problem, .usage)
                throw ExitStatus.usage
            }
            if explanation.decision == .denied { throw ExitStatus.checkFailed }
        }

        private func replay(_ file: String, _ question: AuthzQuestion) throws {
            guard attributes.isEmpty else {
                Terminal.error("--attribute and --audit-log are mutually exclusive; use one of them", .usage)
                throw ExitStatus.usage
            }
            guard let contents = FileManager.default.contents(atPath: file) else {
                Terminal.error(
                    "--audit-log: \(file) is not readable; expected the path of a file with audit records", .usage)
                throw ExitStatus.usage
            }
            let replay = AuditReplay(Array(contents), policy: question.policy, endpoint: endpoint)
            print(json ? replay.json.text : replay.text)
            if replay.deniedCount > 0 { throw ExitStatus.checkFailed }
        }

        /// Reads the options.
        func question() throws(AuthzQuestion.InputError) -> AuthzQuestion {
            let given = try GivenAttributes(attributes)
            switch (config, constraint, endpoint) {
            case (nil, let constraint?, nil):
                guard plugins == nil else { throw .init("--plugins requires --config") }
                return try AuthzQuestion(constraint: constraint, given: given)
            case (let config?, nil, let endpoint?):
                return try AuthzQuestion(
                    file: ConfigurationFile(path: config), manifest: plugins, endpoint: endpoint, given: given)
            case (_?, nil, nil): throw .init("--endpoint is missing; set the endpoint of the rules")
            case (nil, nil, _?): throw .init("--config is missing; set the file with the endpoint")
            case (nil, nil, nil): throw .init("missing options; set --config and --endpoint, or --constraint")
            case (_, _?, _):
                throw .init("--constraint and --config with --endpoint are mutually exclusive; use one of them")
            }
        }
    }
}
