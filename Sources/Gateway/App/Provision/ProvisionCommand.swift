import ArgumentParser
import FoundationEssentials
import GatewayCore
import GatewayPluginAPI
import GatewayServer
import JSON
import Logging

/// Provisions the relying party with an administrator's credentials.
struct ProvisionCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "provision",
        abstract: "Provision endpoints at their relying party with an administrator's credentials.",
        discussion: """
            Creates what the endpoint needs, from nothing, or continues where an earlier run has ended; a second run \
            changes nothing. The endpoint may lack issuer.host and publish. The step documents alone publishes the \
            issuer documents once, like publish, but with your credentials. Exit status: 64 without --yes where nobody \
            can be asked, 69 if something failed or was rejected, 75 if the rest needs the key store, 78 if the \
            configuration is invalid, 130 after Ctrl-C.
            """)

    @Argument(help: "The plugin that provisions, such as aws.")
    var plugin: String

    @Argument(help: "The word role, to provision or check one role of workloads.")
    var kind: String?

    @Argument(help: "The name of the role.")
    var name: String?

    @Option(help: "The configuration file (YAML or JSON).")
    var config: String

    @Option(help: "The plugin manifest (plugins.json).")
    var plugins: String?

    @Option(help: "The name of an endpoint. Repeat the option for several.")
    var endpoint: [String] = []

    @Flag(help: "Provision all endpoints of the plugin.")
    var all = false

    @Option(help: "The only step to run, such as documents.")
    var only: String?

    @Flag(help: "Change nothing; print what exists and each request that would be sent.")
    var plan = false

    @Flag(help: "Do not ask for confirmation.")
    var yes = false

    @Option(
        help: """
            The output: text or json; terraform or cloudformation print the resources without the documents, and change \
            nothing but that --yes creates the first key ring; configuration prints a file that the relying party reads, \
            for kubernetes the structured authentication configuration of the API server.
            """)
    var output: ProvisioningOutput.Format = .text

    @Option(help: "The gateway.yaml or values.yaml that gets issuer.host and publish. All other bytes stay.")
    var write: String?

    @Option(help: "The key ring's owner ID where the key store cannot be reached.")
    var owner: String?

    @Option(help: "The certificate of issuer.host, for aws the ARN of an ACM certificate in us-east-1.")
    var certificate: String?

    @Option(help: "For aws: a profile of the AWS CLI. For gcp: a configuration of gcloud. Others do not use it.")
    var profile: String?

    @Option(help: "For aws: the region of the bucket.")
    var region: String?

    @Option(help: "With role: a ServiceAccount that may assume it, NAMESPACE/NAME. Repeat the option for several.")
    var serviceAccount: [String] = []

    @Option(help: "With role: a policy that is attached to it, for aws an ARN. Repeat the option for several.")
    var policy: [String] = []

    @Option(
        help: "With role: its account, one of provision.accounts. With --output cloudformation: that of the template.")
    var account: String?

    @Flag(help: "With role: sessions may have the token's session tags.")
    var sessionTags = false

    @Option(help: "With role: the maximum length of a session, such as 1h.")
    var maxSession: String?

    @Flag(help: "With role: change nothing; say who could assume it. Exit status 1 if it is too wide.")
    var check = false

    @Flag(help: "With --only documents or --only keys: overwrite those of another key ring.")
    var takeOver = false

    func validate() throws {
        guard !plan || !takeOver else {
            throw ValidationError("--plan and --take-over are mutually exclusive; use one of them")
        }
        guard !takeOver || isPublication else {
            throw ValidationError("--take-over needs --only documents or --only keys")
        }
        guard (output != .cloudformation && output != .configuration) || (!all && endpoint.count == 1) else {
            throw ValidationError("--output \(output.rawValue) needs one --endpoint NAME")
        }
        guard all == endpoint.isEmpty else { throw ValidationError("expected either --endpoint NAME or --all") }
    }

    /// Whether only the documents are published, or only the keys handed over.
    private var isPublication: Bool { only == "documents" || only == "keys" }

    /// The role of the command line; nil without `role`.
    private func role() throws -> EndpointConfiguration.Provision.Role? {
        guard let kind else {
            let isOfRole = account != nil && output != .cloudformation
            guard serviceAccount.isEmpty, policy.isEmpty, !isOfRole, !sessionTags, maxSession == nil, !check else {
                throw ValidationError(
                    "--service-account, --policy, --account, --session-tags, --max-session and --check need role NAME")
            }
            return nil
        }
        guard kind == "role", let name else {
            throw ValidationError(
                kind == "role"
                    ? "missing argument after role; expected role NAME"
                    : "unexpected argument \"\(kind)\"; expected role NAME; for several values repeat the option, such as "
                        + "--endpoint")
        }
        guard only == nil, write == nil, certificate == nil else {
            throw ValidationError("role is mutually exclusive with --only, --write and --certificate")
        }
        guard check || !serviceAccount.isEmpty else {
            throw ValidationError("role needs --service-account NAMESPACE/NAME, or --check")
        }
        var seconds: Int?
        if let maxSession {
            guard let duration = EndpointConfiguration.Provision.maximumSession(maxSession) else {
                throw ValidationError("--max-session: invalid value \"\(maxSession)\"; expected 1h to 12h")
            }
            seconds = duration
        }
        return EndpointConfiguration.Provision.Role(
            name: name, account: account,
            serviceAccounts: try serviceAccount.map { text in
                guard let found = ServiceAccountName(text) else {
                    throw ValidationError(
                        "--service-account: invalid value \"\(text)\"; expected NAMESPACE/NAME without wildcards")
                }
                return found
            }, policies: policy, allowsSessionTags: sessionTags, maximumSession: seconds)
    }

    func run() async throws {
        let logger = Logger.forCommands
        let file = try ProvisioningConfiguration(config, manifest: plugins, logger: logger)
        let configuration = try file.loaded()
        let type = try file.plugin(named: plugin)
        let selected = try selected(configuration, type.id)
        let role = try role()
        if isPublication, selected.allSatisfy({ hasPublisher($0.name, file) }) {
            return try await publishDocuments(selected.map(\.name))
        }
        guard !takeOver else {
            let needed = only == "keys" ? "publish" : "issuer.host and publish"
            throw ValidationError("--take-over needs \(needed) in \(config)")
        }
        for endpoint in selected where endpoint.pluginID != type.id {
            throw ValidationError(
                "the endpoint \(endpoint.name) is one of the plugin \(endpoint.pluginID), not \(plugin)")
        }
        let mode = mode
        guard yes || !mode.isChanging || Terminal.isInteractive else {
            Terminal.error(
                "nothing was changed: there is no terminal to ask for confirmation; add --yes or --plan", .usage)
            throw ExitStatus.usage
        }
        let run = ProvisioningRun(
            mode: mode, configuration: file, plugin: type,
            output: ProvisioningOutput(output, isTerminal: Terminal.isInteractive), isConfirmed: yes, owner: owner,
            only: only, certificate: certificate, file: write, role: role,
            account: output == .cloudformation ? account : nil, commandLine: commandLine)
        try await run.run(selected, of: configuration, profile: profile, region: region, logger: logger)
    }

    private var mode: ProvisioningRun.Mode {
        if check { return .check }
        if output == .configuration { return .configuration }
        if let template = output.template { return .template(template) }
        return plan ? .plan : .apply
    }

    /// The options with which a run continues.
    private var commandLine: [String] {
        let options = [
            ("--plugins", plugins), ("--only", only), ("--certificate", certificate), ("--write", write),
            ("--profile", profile), ("--region", region),
        ]
        return ["provision", plugin, "--config", config]
            + options.flatMap { name, value in value.map { [name, $0] } ?? [] }
    }

    private func selected(
        _ configuration: GatewayConfiguration, _ plugin: PluginID
    ) throws -> [EndpointConfiguration] {
        guard all else { return try endpoint.map { try configuration.endpoint(named: $0) } }
        let found = configuration.endpoints.filter { $0.pluginID == plugin }
        guard !found.isEmpty else { throw ValidationError("\(config) has no endpoint of the plugin \(plugin)") }
        return found
    }

    /// Whether the configuration has all that the publication needs. An issuer whose keys are handed over needs no host.
    private func hasPublisher(_ name: String, _ file: ProvisioningConfiguration) -> Bool {
        guard only == "keys" || file.host(of: name) != nil else { return false }
        let block = file.block("publish", of: name, without: ["plugin", "probe"])
        return block != nil && block != .object([])
    }

    private func publishDocuments(_ names: [String]) async throws {
        for name in names {
            try await CommandLinePublication(config: config, plugins: plugins).run(
                endpoint: name, mode: plan ? .check : takeOver ? .takeOver : .publish, isByAdministrator: true,
                plugin: plugin)
        }
    }
}

extension ProvisioningOutput.Format: ExpressibleByArgument {}
