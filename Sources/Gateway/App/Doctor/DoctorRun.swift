import ArgumentParser
import FoundationEssentials
import GatewayCore
import GatewayServer
import JSON
import KubernetesAPI
import Logging

/// What the checks of one run share.
struct DoctorContext: Sendable {
    let file: ConfigurationFile
    let manifest: String?
    let configuration: GatewayConfiguration
    /// The endpoints that are checked.
    let endpoints: [EndpointConfiguration]
    /// The gateway's; nil where it is not known.
    let namespace: String?
    /// nil where no API server is known.
    let cluster: CommandCluster?
    /// How the token listener is reached, or why that is not known.
    let calls: Result<GatewayCalls, CommandFailure>
    let transport: CommandTransport
    /// The relying party's own configuration; nil for none.
    let partyConfiguration: JSONValue?
    let now: Date

    /// The host by which Pods call the gateway, where the configuration names none.
    var serviceHost: String? { namespace.map { ServiceName.gateway(in: $0).host } }

    var lookup: WorkloadLookup? { cluster.map { WorkloadLookup(cluster: $0) } }

    /// The key of an endpoint's label and annotation.
    func key(_ endpoint: EndpointConfiguration) -> String {
        "\(configuration.injection.prefix)/\(endpoint.injector.label)"
    }
}

/// One run of `doctor`.
struct DoctorRun {
    let command: DoctorCommand

    func report() async throws -> DoctorReport {
        var report = DoctorReport()
        let partyConfiguration = try command.relyingPartyConfiguration()
        let file = ConfigurationFile(path: command.config)
        var space = command.gatewayNamespace ?? CommandEnvironment.namespace
        var reading = file.read(manifest: command.plugins, namespace: space, logger: .silent)
        guard let first = reading.configuration else {
            report.add(ConfigurationCheck.findings(reading, file))
            return report
        }
        if let name = command.endpoint { _ = try first.endpoint(named: name) }
        let (cluster, source, findings) = await open(first, file)
        if space == nil, let cluster, let found = await WorkloadLookup(cluster: cluster).gatewayNamespace() {
            // The default audience has the namespace.
            space = found
            reading = file.read(manifest: command.plugins, namespace: found, logger: .silent)
        }
        report.add(ConfigurationCheck.findings(reading, file))
        let configuration = reading.configuration ?? first
        let endpoints = try command.endpoint.map { [try configuration.endpoint(named: $0)] } ?? configuration.endpoints
        let transport = CommandTransport(
            environment: ProcessInfo.processInfo.environment, resolve: file.resolve)
        report.add(findings)
        let calls = await calls(configuration, space, cluster, isInCluster: source == .inCluster, file, transport)
        let context = DoctorContext(
            file: file, manifest: command.plugins, configuration: configuration, endpoints: endpoints, namespace: space,
            cluster: cluster, calls: calls, transport: transport, partyConfiguration: partyConfiguration,
            now: Date())
        await check(context, &report)
        await cluster?.close()
        await transport.close()
        return report
    }

    private func check(_ context: DoctorContext, _ report: inout DoctorReport) async {
        if let cluster = context.cluster {
            let server = await APIServerCheck(context: context, cluster: cluster).findings(workload: workloadNamespace)
            report.add(server)
            // Without an API server, every further call would only wait.
            guard !server.contains(where: { $0.status == .failed && $0.check == APIServerCheck.version }) else {
                await checkOutside(context, nil, &report)
                return
            }
            report.add(await ReplicaCheck(context: context, lookup: WorkloadLookup(cluster: cluster)).findings())
        }
        let workload = await WorkloadCheck(context: context, pod: command.pod, account: command.account).examined()
        if let cluster = context.cluster {
            let lookup = WorkloadLookup(cluster: cluster)
            let policies = await AdmissionPolicyCheck(context: context, lookup: lookup).outcome(for: workload)
            report.add(policies.findings)
            report.add(
                await WebhookCheck(context: context, lookup: lookup, policiesInject: policies.injects)
                    .findings(for: workload))
            report.add(await NodeDriverCheck(context: context, lookup: lookup).findings(for: workload))
        }
        report.add(workload.findings)
        await checkOutside(context, workload, &report)
    }

    /// What is checked without the API server.
    private func checkOutside(
        _ context: DoctorContext, _ workload: ExaminedWorkload?, _ report: inout DoctorReport
    ) async {
        for endpoint in context.endpoints {
            report.add(
                await IssuerCheck(context: context, endpoint: endpoint).findings(token: workload?.tokens[endpoint.name])
            )
        }
        for endpoint in context.endpoints {
            report.add(
                await RelyingPartyCheck(
                    context: context, endpoint: endpoint, profile: command.profile, exchanges: command.exchange
                ).findings(for: workload))
        }
    }

    private var workloadNamespace: String? {
        (command.pod.flatMap { ServiceAccountName($0) } ?? command.account)?.namespace
    }

    private func open(
        _ configuration: GatewayConfiguration, _ file: ConfigurationFile
    ) async -> (CommandCluster?, CommandCluster.Source?, [DoctorFinding]) {
        do throws(CommandFailure) {
            let source = command.cluster.source(configured: configuration.kubeconfig.map(file.resolve))
            guard let source else {
                return (
                    nil, nil,
                    [
                        .notChecked(
                            .cluster, "kubeconfig", "no kubeconfig, and this is not a Pod",
                            advice: "name one with --kubeconfig")
                    ]
                )
            }
            return (try await ClusterOptions.open(source), source, [])
        } catch {
            return (nil, nil, [.failure(.cluster, "kubeconfig", error)])
        }
    }

    private func calls(
        _ configuration: GatewayConfiguration, _ namespace: String?, _ cluster: CommandCluster?, isInCluster: Bool,
        _ file: ConfigurationFile, _ transport: CommandTransport
    ) async -> Result<GatewayCalls, CommandFailure> {
        let routing = GatewayRouting(
            options: command.gateway, configuration: configuration, namespace: namespace, cluster: cluster,
            isInCluster: isInCluster, resolve: file.resolve)
        do throws(CommandFailure) {
            return .success(GatewayCalls(route: try await routing.route(), transport: transport))
        } catch {
            return .failure(error)
        }
    }
}

/// Checks `gateway.yaml`.
enum ConfigurationCheck {
    static func findings(_ reading: ConfigurationFile.Reading, _ file: ConfigurationFile) -> [DoctorFinding] {
        var findings = reading.problems.map { problem -> DoctorFinding in
            let isError = problem.severity == .error
            let code: ErrorCode = isError ? .configurationError : .configurationWarning
            let cause = code.beginning(of: problem.text(file: file.path))
            return isError
                ? .failed(
                    .configuration, "gateway.yaml", code, cause,
                    advice: "correct the file; sts-gateway config check prints all problems")
                : .warning(.configuration, "gateway.yaml", code, cause)
        }
        if let configuration = reading.configuration, findings.isEmpty {
            let names = configuration.endpoints.map(\.name).joined(separator: ", ")
            findings.append(.ok(.configuration, "gateway.yaml", "\(file.path): endpoints \(names)"))
        }
        return findings
    }
}
