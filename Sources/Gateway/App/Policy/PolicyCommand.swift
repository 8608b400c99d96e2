import ArgumentParser
import FoundationEssentials
import GatewayCore
import Logging

/// Commands on the admission policies that inject Pods without a webhook.
struct PolicyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "policy", abstract: "Work with the admission policies that inject Pods without a webhook.",
        subcommands: [PolicyManifestCommand.self])
}

struct PolicyManifestCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "manifest",
        abstract: "Print the MutatingAdmissionPolicy and the ValidatingAdmissionPolicies of the endpoints.",
        discussion: """
            For kubectl apply -f -, on Kubernetes 1.36 and later. Apply them again after each change of the \
            configuration, and after a change of the gateway's CA bundle if its CA is not public: --ca-file must name a \
            file with the current bundle. Without it, and with the gateway's self-signed CA, a warning is printed. Exit status: 64 if the namespace is not known or a file is not readable, 78 if \
            the configuration is invalid or cannot be expressed as policies.
            """)

    @Option(help: "The configuration file (YAML or JSON).")
    var config: String

    @Option(help: "The plugin manifest (plugins.json).")
    var plugins: String?

    @Option(name: .shortAndLong, help: "The gateway's namespace; by default POD_NAMESPACE.")
    var namespace: String?

    @Option(help: "The CA bundle of the token listener in PEM, if its CA is not public.")
    var caFile: String?

    @Flag(help: "Print a List in JSON instead of YAML documents.")
    var json = false

    func run() throws {
        let namespace = try ManifestOutput.namespace(namespace)
        let trust = try caFile.map { path in
            guard let contents = FileManager.default.contents(atPath: path),
                let text = String(validating: contents, as: UTF8.self)
            else {
                throw ValidationError("--ca-file: \(path) is not readable; expected the path of a readable PEM file")
            }
            return text
        }
        let file = ConfigurationFile(path: config)
        let reading = file.read(manifest: plugins, namespace: namespace, logger: .silent)
        for problem in reading.problems { Terminal.error(problem.text(file: file.path)) }
        guard let configuration = reading.configuration else { throw ExitStatus.configuration }
        if trust == nil, configuration.certificates.isEmpty, configuration.injection.nodeDriver == nil {
            Terminal.error(
                "\(file.path): warning: --ca-file is not set, and the gateway has a self-signed CA (tls.certificates is not "
                    + "set), so that injected sidecars do not trust it; name the bundle of GET /ca-bundle",
                .configurationWarning)
        }
        let policy = InjectionPolicy(
            configuration.injection, namespace: namespace, standardImage: "sts-sidecar:\(GatewayVersion.current)",
            trust: trust, serverVersion: nil)
        do throws(AdmissionPolicyManifest.Unsupported) {
            let manifest = try AdmissionPolicyManifest(
                configuration.endpoints, configuration.injection, policy, namespace: namespace,
                version: GatewayVersion.current)
            Terminal.write(ManifestOutput.text(manifest.objects, asJSON: json), to: 1)
        } catch {
            for reason in error.reasons { Terminal.error("\(file.path): \(reason)", .configurationError) }
            throw ExitStatus.configuration
        }
    }
}
