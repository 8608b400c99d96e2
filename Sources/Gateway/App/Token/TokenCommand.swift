import ArgumentParser
import FoundationEssentials
import GatewayCore
import GatewayPluginAPI
import GatewayServer
import JSON
import KubernetesAPI
import Logging

/// Gets a token as a workload would, for people, CI and other programs.
struct TokenCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token",
        abstract: "Get a token of an endpoint, and print, decode or verify it.",
        discussion: """
            Requests a ServiceAccount token that is bound to the Pod, or to a running Pod of the ServiceAccount, and \
            exchanges it at the gateway; a ServiceAccount without a Pod needs an endpoint with requirePod: false. With \
            --subject-token-file the token comes from that file, and no API server is called. The output is a secret \
            unless --decode or --verify is set. Exit status: 1 if --verify fails, 69 if there is no token, 78 if the \
            configuration is invalid.
            """)

    @Option(help: "The configuration file (YAML or JSON) with the endpoint.")
    var config: String?

    @Option(help: "The plugin manifest (plugins.json).")
    var plugins: String?

    @Option(help: "The name of the endpoint, with --config.")
    var endpoint: String?

    @Option(help: "The path of the endpoint, such as /aws, without --config.")
    var endpointPath: String?

    @Option(help: "The gateway's namespace; by default POD_NAMESPACE, else that of the only Pods of a gateway.")
    var gatewayNamespace: String?

    @Option(help: "The Pod whose token is used, NAMESPACE/NAME.")
    var pod: String?

    @Option(help: "The ServiceAccount whose token is used, NAMESPACE/NAME.")
    var serviceAccount: String?

    @Option(help: "A file with the ServiceAccount token; - for standard input.")
    var subjectTokenFile: String?

    @Option(help: "Without --config, the audience of the ServiceAccount token.")
    var subjectAudience: String?

    @Option(help: "The audience of the token, one of the endpoint's; by default all.")
    var audience: String?

    @OptionGroup var gateway: GatewayAddressOptions
    @OptionGroup var cluster: ClusterOptions

    @Flag(help: "Print header and claims instead of the token.")
    var decode = false

    @Flag(help: "Verify the token with the documents of the public issuer URL, as a relying party does.")
    var verify = false

    @Flag(help: "Print an ExecCredential, as a credential plugin of kubectl does.")
    var execCredential = false

    @Option(
        help: ArgumentHelp(
            """
            Exchange the token at the relying party and print the credentials that its SDKs read from a program; the value \
            is that of the workload's annotation, such as a role ARN.
            """, valueName: "value"))
    var credentialProcess: String?

    func validate() throws {
        if let gatewayNamespace, !KubernetesName.isLabel(gatewayNamespace) {
            throw ValidationError("--gateway-namespace: invalid namespace; expected a-z, 0-9 and \"-\"")
        }
        guard (endpoint == nil) != (endpointPath == nil), (config == nil) == (endpoint == nil) else {
            throw ValidationError("expected either --config and --endpoint NAME, or --server and --endpoint-path PATH")
        }
        guard endpointPath == nil || gateway.server != nil else {
            throw ValidationError("--endpoint-path needs --server https://HOST")
        }
        if let endpointPath, PathPrefix(endpointPath) == nil {
            throw ValidationError("--endpoint-path: invalid path; expected one such as /aws")
        }
        guard [pod, serviceAccount, subjectTokenFile].compactMap(\.self).count == 1 else {
            throw ValidationError("expected one of --pod, --service-account and --subject-token-file")
        }
        for (option, value) in [("--pod", pod), ("--service-account", serviceAccount)] {
            if let value, ServiceAccountName(value) == nil {
                throw ValidationError("\(option): invalid value; expected NAMESPACE/NAME")
            }
        }
        guard config != nil || subjectTokenFile != nil || subjectAudience != nil else {
            throw ValidationError("without --config, --subject-audience is needed for the ServiceAccount token")
        }
        let modes = [decode, verify, execCredential, credentialProcess != nil].filter(\.self).count
        guard modes <= 1 else {
            throw ValidationError(
                "--decode, --verify, --exec-credential and --credential-process are mutually exclusive")
        }
        guard credentialProcess == nil || config != nil else {
            throw ValidationError("--credential-process needs --config and --endpoint")
        }
    }

    func run() async throws {
        let file = config.map { ConfigurationFile(path: $0) }
        let space = gatewayNamespace ?? CommandEnvironment.namespace
        let loaded = try file?.checked(manifest: plugins, namespace: space, logger: .silent)
        let selected = try endpoint.flatMap { name in try loaded?.endpoint(named: name) }
        let transport = CommandTransport(environment: ProcessInfo.processInfo.environment) { path in
            file?.resolve(path) ?? path
        }
        let run = TokenRun(
            command: self, file: file, configuration: loaded, endpoint: selected, namespace: space,
            transport: transport)
        let result: Result<Void, any Error>
        do {
            result = .success(try await run.run())
        } catch {
            result = .failure(error)
        }
        await transport.close()
        do {
            try result.get()
        } catch let failure as CommandFailure {
            Terminal.error("sts-gateway: \(failure)")
            throw verify && failure.isOfVerification ? ExitStatus.checkFailed : ExitStatus.unavailable
        }
    }
}

extension CommandFailure {
    /// Whether a relying party would not accept the token.
    var isOfVerification: Bool {
        switch code {
        case .tokenNotVerified, .issuerUnreachable, .issuerCertificate, .issuerDocumentMissing, .issuerRedirect,
            .issuerContent, .issuerKeyMissing:
            true
        default: false
        }
    }
}
