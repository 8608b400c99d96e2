import ArgumentParser
import FoundationEssentials
import GatewayCore
import GatewayServer
import JSON
import KubernetesAPI

/// Finds out why a workload gets no token, or cannot use it.
struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Check the gateway from its configuration to the relying party, and say what to do.",
        discussion: """
            Checks the configuration, the API server and permissions, the replicas, the webhook, the workload, the issuer \
            documents at the public URL and the relying party, with your own credentials. Changes nothing, reads no Secret, \
            and prints no token, key or value of a variable. A check that needs a permission that you lack is not run, and \
            says which one. Every finding has a code of docs/troubleshooting.md. Exit status: 0 if all is well, 1 for \
            warnings, 2 for failures, 64 if an option is invalid.
            """)

    @Option(help: "The configuration file (YAML or JSON).")
    var config: String

    @Option(help: "The plugin manifest (plugins.json).")
    var plugins: String?

    @Option(help: "The name of an endpoint; by default all endpoints.")
    var endpoint: String?

    @Option(help: "The gateway's namespace; by default POD_NAMESPACE, else that of the only Pods of a gateway.")
    var gatewayNamespace: String?

    @Option(help: "The Pod that gets no token, NAMESPACE/NAME.")
    var pod: String?

    @Option(help: "The namespace of --service-account.")
    var namespace: String?

    @Option(help: "The ServiceAccount whose Pods get no token, NAME or NAMESPACE/NAME.")
    var serviceAccount: String?

    @Flag(help: "Exchange a token at the relying party; prints who the session is, and until when.")
    var exchange = false

    @Option(help: "For aws: a profile of the AWS CLI. For gcp: a configuration of gcloud. Others do not use it.")
    var profile: String?

    @Option(
        help: """
            For kubernetes: the AuthenticationConfiguration of the other API server, which is compared with the endpoint.
            """)
    var relyingPartyConfig: String?

    @OptionGroup var gateway: GatewayAddressOptions
    @OptionGroup var cluster: ClusterOptions

    @Flag(help: "Print JSON.")
    var json = false

    func validate() throws {
        if let gatewayNamespace, !KubernetesName.isLabel(gatewayNamespace) {
            throw ValidationError("--gateway-namespace: invalid namespace; expected a-z, 0-9 and \"-\"")
        }
        guard pod == nil || serviceAccount == nil else {
            throw ValidationError("--pod and --service-account are mutually exclusive; use one of them")
        }
        if let pod, ServiceAccountName(pod) == nil {
            throw ValidationError("--pod: invalid value; expected NAMESPACE/NAME")
        }
        if serviceAccount != nil, account == nil {
            throw ValidationError("--service-account: invalid value; expected NAMESPACE/NAME, or NAME with --namespace")
        }
        guard namespace == nil || serviceAccount != nil else {
            throw ValidationError("--namespace needs --service-account NAME")
        }
        guard relyingPartyConfig == nil || endpoint != nil else {
            throw ValidationError("--relying-party-config needs --endpoint, whose relying party has the configuration")
        }
        guard !exchange || pod != nil || serviceAccount != nil else {
            throw ValidationError("--exchange needs --pod or --service-account, whose token is exchanged")
        }
    }

    var account: ServiceAccountName? {
        guard let serviceAccount else { return nil }
        if let namespace, !serviceAccount.contains("/") { return ServiceAccountName("\(namespace)/\(serviceAccount)") }
        return namespace == nil ? ServiceAccountName(serviceAccount) : nil
    }

    /// The file of `--relying-party-config`.
    func relyingPartyConfiguration() throws -> JSONValue? {
        guard let path = relyingPartyConfig else { return nil }
        guard let contents = InputFile.bytes(path) else {
            throw ValidationError(
                "--relying-party-config: \(path) is not readable; expected the path of a readable file")
        }
        do {
            let documents = try KubernetesYAML(YAMLConfigurationSource.text(utf8: contents)).documents
            guard documents.count != 1 else { return documents[0] }
            throw ValidationError("--relying-party-config: \(path) has \(documents.count) documents; expected one")
        } catch let error as ConfigurationProblem {
            throw ValidationError("--relying-party-config: \(error.text(file: path))")
        }
    }

    func run() async throws {
        let report = try await DoctorRun(command: self).report()
        Terminal.write(json ? report.json.indentedText + "\n" : report.text, to: 1)
        throw ExitCode(report.exitStatus)
    }
}
