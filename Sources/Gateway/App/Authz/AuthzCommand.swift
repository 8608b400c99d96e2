import ArgumentParser
import GatewayCore
import JSON

struct AuthzCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "authz", abstract: "Find out who may have a token.", subcommands: [Explain.self])

    /// Exits 0 where the rules allow it, 1 where they deny it, 64 where something was not understood.
    struct Explain: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Say why the rules let a workload in, or why not: a line for each rule and each filter within.",
            discussion: """
                An attribute that is not given is absent, except that user name, namespace and ServiceAccount name \
                follow from each other, and that a configuration brings cluster and endpoint. Nothing is asked of a \
                cluster.

                Exits 0 where the rules allow the workload, 1 where they deny it, and 64 where a filter, an attribute \
                or an option is not understood.
                """)

        @Option(help: "A configuration file, for the rules of one of its endpoints.")
        var config: String?

        @Option(help: "The name of the endpoint in the configuration.")
        var endpoint: String?

        @Option(help: "The manifest of provider plugins.")
        var plugins: String?

        @Option(help: "A filter in place of a configuration's rules, such as '(namespace=a)'.")
        var constraint: String?

        @Option(
            name: .customLong("attribute"), parsing: .unconditionalSingleValue,
            help: ArgumentHelp(
                "What the workload has, such as namespace=a; groups may be given again and again.",
                valueName: "name=value"))
        var attributes: [String] = []

        @Flag(help: "Print JSON.")
        var json = false

        func run() throws {
            let question: AuthzQuestion
            do {
                question = try asked()
            } catch {
                for line in error.lines { Terminal.error(line) }
                throw ExitStatus.usage
            }
            for warning in question.warnings { Terminal.error("warning: \(warning)") }
            let explanation = question.explanation
            print(json ? explanation.json.text : explanation.text)
            // A configuration with such a filter is refused, so it decides nothing, whatever its value is.
            if let problem = question.unknownAttributes {
                Terminal.error(problem)
                throw ExitStatus.usage
            }
            if explanation.decision == .denied { throw ExitStatus.checkFailed }
        }

        /// What is asked, read from the options.
        func asked() throws(AuthzQuestion.NotUnderstood) -> AuthzQuestion {
            let given = try GivenAttributes(attributes)
            switch (config, constraint, endpoint) {
            case (nil, let constraint?, nil):
                guard plugins == nil else { throw .init("--plugins goes with --config only") }
                return try AuthzQuestion(constraint: constraint, given: given)
            case (let config?, nil, let endpoint?):
                return try AuthzQuestion(
                    file: ConfigurationFile(path: config), manifest: plugins, endpoint: endpoint, given: given)
            case (_?, nil, nil): throw .init("--endpoint is missing; name the endpoint whose rules are asked")
            case (nil, nil, _?): throw .init("--config is missing; name the file that has the endpoint")
            case (nil, nil, nil): throw .init("give --config and --endpoint, or --constraint")
            case (_, _?, _): throw .init("--constraint takes the place of --config and --endpoint; give one of both")
            }
        }
    }
}
