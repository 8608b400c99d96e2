import ArgumentParser
import FoundationEssentials
import GatewayCore
import GatewayPluginAPI
import GatewayServer
import JSON
import Logging

struct ConfigCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config", abstract: "Check a configuration, or print its schema.",
        subcommands: [Check.self, Schema.self, Reference.self])

    /// Prints every problem at once; exits 1 on an error.
    struct Check: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Check a configuration as serve does, and print all problems.")

        @Argument(help: "The configuration file (YAML or JSON).")
        var file: String

        @Option(help: "The plugin manifest (plugins.json).")
        var plugins: String?

        @Flag(help: "Print one JSON object with the endpoints and all problems.")
        var json = false

        func run() throws {
            let configurationFile = ConfigurationFile(path: file)
            let reading = configurationFile.read(
                manifest: plugins, namespace: CommandEnvironment.namespace, logger: .silent)
            let host = HostEnvironment(of: configurationFile)
            let certificates = reading.configuration?.certificates ?? []
            let policies = reading.configuration.map {
                AdmissionPolicyProblems.problems(of: $0, namespace: CommandEnvironment.namespace)
            }
            let problems =
                reading.problems + TrustedCAs.problems(of: certificates, resolve: host.resolve) + (policies ?? [])
            let count = problems.count { $0.severity == .error }
            guard !json else {
                print(Self.json(reading.configuration, problems).text)
                if count > 0 || reading.configuration == nil { throw ExitStatus.checkFailed }
                return
            }
            for problem in problems { Terminal.error(problem.text(file: file)) }
            guard let configuration = reading.configuration, count == 0 else {
                Terminal.error("\(file): \(count) error\(count == 1 ? "" : "s")")
                throw ExitStatus.checkFailed
            }
            for endpoint in configuration.endpoints {
                print("\(endpoint.name): \(endpoint.path) → \(endpoint.issuer) (\(endpoint.pluginID))")
                guard let sample = SampleToken.json(of: endpoint, at: Date()) else { continue }
                print("  a token of the ServiceAccount web in the namespace sample: \(sample.header.text)")
                print("    \(sample.claims.text)")
            }
            print("\(file): ok")
        }

        private static func json(
            _ configuration: GatewayConfiguration?, _ problems: [ConfigurationProblem]
        ) -> JSONValue {
            let endpoints = (configuration?.endpoints ?? []).map { endpoint -> JSONValue in
                [
                    "name": .string(endpoint.name), "path": .string("\(endpoint.path)"),
                    "issuer": .string("\(endpoint.issuer)"), "plugin": .string(endpoint.pluginID.rawValue),
                ]
            }
            let found = problems.map { problem -> JSONValue in
                [
                    "severity": .string(problem.severity.rawValue), "line": .integer(problem.line),
                    "text": .string(problem.description), "code": .string(problem.code.rawValue),
                ]
            }
            return ["endpoints": .array(endpoints), "problems": .array(found)]
        }
    }

    struct Schema: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Print the JSON Schema of the configuration.")

        func run() { print(ConfigurationSchema.text) }
    }

    /// For `make schema`.
    struct Reference: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print a documentation page with updated tables of keys and example.",
            shouldDisplay: false)

        @Argument(help: "The page (Markdown).")
        var file: String

        func run() throws {
            guard let contents = FileManager.default.contents(atPath: file),
                let page = String(validating: contents, as: UTF8.self)
            else { throw ValidationError("\(file): not readable, or not UTF-8") }
            print(ConfigurationReference.updated(page), terminator: "")
        }
    }
}
