import ArgumentParser
import GatewayCore
import Logging

/// Commands on the registration of the admission webhook.
struct WebhookCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "webhook", abstract: "Work with the registration of the admission webhook.",
        subcommands: [WebhookManifestCommand.self])
}

struct WebhookManifestCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "manifest", abstract: "Print the MutatingWebhookConfigurations of the endpoints.",
        discussion: """
            For kubectl apply -f -, if the Helm chart is not used. The caBundle is missing: the gateway writes it, and \
            applying the manifest again does not change it. Exit status: 64 if the namespace is not known, 78 if the \
            configuration is invalid.
            """)

    @Option(help: "The configuration file (YAML or JSON).")
    var config: String

    @Option(help: "The plugin manifest (plugins.json).")
    var plugins: String?

    @Option(name: .shortAndLong, help: "The gateway's namespace; by default POD_NAMESPACE.")
    var namespace: String?

    @Flag(help: "Print a List in JSON instead of YAML documents.")
    var json = false

    func run() throws {
        let namespace = try ManifestOutput.namespace(namespace)
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
        return ManifestOutput.text(manifests, asJSON: asJSON)
    }
}
