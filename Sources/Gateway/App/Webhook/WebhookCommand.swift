import ArgumentParser
import GatewayCore
import JSON
import KubernetesAPI
import Logging

/// The admission webhook as the API server is told of it.
struct WebhookCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "webhook", abstract: "Work with the registration of the admission webhook.",
        subcommands: [WebhookManifestCommand.self])
}

struct WebhookManifestCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "manifest", abstract: "Print the MutatingWebhookConfigurations of a configuration's endpoints.",
        discussion: """
            For kubectl apply -f -, where the Helm chart is not used. Without a caBundle: the gateway writes it when it \
            runs, and applying again leaves it alone. Exits 64 where the namespace is not known, 78 where the \
            configuration is wrong.
            """)

    @Option(help: "The configuration file (YAML or JSON).")
    var config: String

    @Option(help: "The manifest of provider plugins.")
    var plugins: String?

    @Option(name: .shortAndLong, help: "The gateway's namespace; by default POD_NAMESPACE.")
    var namespace: String?

    @Flag(help: "Print a List as JSON in place of YAML documents.")
    var json = false

    func run() throws {
        guard let namespace = namespace ?? CommandEnvironment.namespace else {
            throw ValidationError(
                "--namespace: the gateway's namespace is not known here; give it, or set POD_NAMESPACE")
        }
        guard KubernetesName.isLabel(namespace) else {
            throw ValidationError("--namespace: \"\(namespace)\" is no name of a namespace; use a-z, 0-9 and \"-\"")
        }
        let file = ConfigurationFile(path: config)
        let reading = file.read(manifest: plugins, namespace: namespace, logger: .silent)
        for problem in reading.problems { Terminal.error(problem.text(file: file.path)) }
        guard let configuration = reading.configuration else { throw ExitStatus.configuration }
        Terminal.write(Self.text(configuration, namespace: namespace, asJSON: json), to: 1)
    }

    static func text(_ configuration: GatewayConfiguration, namespace: String, asJSON: Bool) -> String {
        let manifests = configuration.endpoints.map { endpoint in
            WebhookConfigurationManifest(endpoint, configuration.injection, namespace: namespace).json
        }
        guard asJSON else { return manifests.map(\.yamlDocument).joined(separator: "---\n") }
        let list: JSONValue = ["apiVersion": "v1", "kind": "List", "items": .array(manifests)]
        return list.indentedText + "\n"
    }
}
