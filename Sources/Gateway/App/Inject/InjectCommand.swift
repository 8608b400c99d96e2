import ArgumentParser
import FoundationEssentials
import GatewayCore
import GatewayServer
import JSON
import KubernetesAPI
import Logging

/// Applies the mutation of the admission webhook to a file, without a cluster.
struct InjectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inject",
        abstract: "Print a Pod as the admission webhook would patch it, or why it would deny it.",
        discussion: """
            Reads YAML or JSON with any number of objects, as kubectl does: Pods, Deployments, ReplicaSets, \
            StatefulSets, DaemonSets, Jobs, CronJobs, JobSets, every other object with a Pod template in \
            spec.template, and Lists of them. Other objects are not changed. The annotations of a ServiceAccount in \
            the file apply to its Pods. Prints JSON, which is YAML, too; warnings go to standard error. As in the \
            cluster, a Pod gets the tokens of every endpoint whose label it has. Exit status: 1 if a Pod is denied or \
            does not get the requested tokens, 64 if a file is not readable, 78 if the configuration is invalid.
            """)

    @Option(help: "The configuration file (YAML or JSON).")
    var config: String

    @Option(help: "The plugin manifest (plugins.json).")
    var plugins: String?

    @Option(help: "An endpoint whose tokens the Pod must get, repeatable; by default any endpoint.")
    var endpoint: [String] = []

    @Option(name: [.customShort("f"), .customLong("filename")], help: "The file with the Pod; - for standard input.")
    var filename: String

    @Option(name: .shortAndLong, help: "The namespace of objects without a namespace.")
    var namespace = "default"

    @Option(help: "The Kubernetes version of the cluster, for sidecar.mode auto.")
    var kubernetesVersion = "1.32"

    @Option(help: "The CA bundle of the token listener in PEM, if its CA is not public.")
    var caFile: String?

    @Flag(help: "Print the JSON Patch (RFC 6902) of each object instead of the object.")
    var patch = false

    func run() throws {
        let documents = try self.documents()
        let preview = try self.preview()
        let result: InjectCommandPreview.Result
        do {
            result = try preview.injected(documents, wanted: endpoint)
        } catch {
            for warning in error.warnings { Terminal.error("\(filename): warning: \(warning)") }
            Terminal.error("\(filename): \(error.reason)", .podDenied)
            throw ExitStatus.checkFailed
        }
        for warning in result.warnings { Terminal.error("\(filename): warning: \(warning)") }
        let texts = result.objects.map { (patch ? $0.patch.json : $0.json).indentedText + "\n" }
        Terminal.write(texts.joined(separator: "---\n"), to: 1)
    }

    private func documents() throws -> [WorkloadManifest] {
        guard let contents = InputFile.bytes(filename) else {
            throw ValidationError("\(filename): not readable; expected the path of a readable file")
        }
        do {
            let manifest = try KubernetesYAML(YAMLConfigurationSource.text(utf8: contents))
            for warning in manifest.warnings { Terminal.error(warning.text(file: filename)) }
            return manifest.documents.map { WorkloadManifest($0) }
        } catch {
            throw ValidationError(error.text(file: filename))
        }
    }

    private func preview() throws -> InjectCommandPreview {
        guard let version = KubernetesVersion(kubernetesVersion) else {
            throw ValidationError(
                "--kubernetes-version: invalid version \"\(kubernetesVersion)\"; expected one such as 1.32")
        }
        var trust: String?
        if let caFile {
            guard let contents = FileManager.default.contents(atPath: caFile) else {
                throw ValidationError("--ca-file: \(caFile) is not readable; expected the path of a readable PEM file")
            }
            guard let text = String(validating: contents, as: UTF8.self) else {
                throw ValidationError("--ca-file: \(caFile) is not UTF-8; expected the path of a PEM file")
            }
            trust = text
        }
        let configuration = try ConfigurationFile(path: config).checked(manifest: plugins, logger: .silent)
        let names = configuration.endpoints.map(\.name)
        for name in endpoint where !names.contains(name) {
            throw ValidationError(
                "--endpoint: no endpoint \"\(name)\"; use one of \(names.joined(separator: ", "))")
        }
        let policy = InjectionPolicy(
            configuration.injection, namespace: CommandEnvironment.namespace,
            standardImage: "sts-sidecar:\(GatewayVersion.current)", trust: trust, serverVersion: version)
        return InjectCommandPreview(
            mutation: PodMutation(policy, endpoints: configuration.endpoints), namespace: namespace,
            assumptions: assumptions(configuration, policy),
            labels: configuration.endpoints.map {
                (endpoint: $0.name, key: "\(policy.prefix)/\($0.injector.label)")
            })
    }

    /// Warnings about values that the webhook knows and this command does not.
    private func assumptions(_ configuration: GatewayConfiguration, _ policy: InjectionPolicy) -> [String] {
        var texts: [String] = []
        if configuration.injection.sidecarImage == nil {
            texts.append("injection.sidecar.image is not set; \(policy.sidecar.image) is used instead")
        }
        if CommandEnvironment.namespace == nil {
            let url = configuration.injection.gatewayURL == nil ? ", and its URL \(policy.server)" : ""
            texts.append(
                "the gateway's namespace is not known; the audience of the subject token is printed as "
                    + "\(policy.audience)\(url); set POD_NAMESPACE to the gateway's namespace"
            )
        }
        if configuration.certificates.isEmpty, caFile == nil {
            texts.append(
                "the gateway's CA bundle is not known, and the webhook adds it; set it with --ca-file"
            )
        }
        return texts
    }
}
