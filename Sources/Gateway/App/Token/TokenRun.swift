import FoundationEssentials
import GatewayCore
import GatewayPluginAPI
import GatewayServer
import JSON

/// One run of `token`.
struct TokenRun {
    let command: TokenCommand
    let file: ConfigurationFile?
    let configuration: GatewayConfiguration?
    let endpoint: EndpointConfiguration?
    /// The gateway's.
    let namespace: String?
    let transport: CommandTransport

    /// Returns the path of a file that the configuration names.
    private var resolve: @Sendable (String) -> String {
        guard let file else { return { $0 } }
        return file.resolve
    }

    func run() async throws {
        let resolve = resolve
        let source = command.cluster.source(configured: configuration?.kubeconfig.map(resolve))
        var cluster: CommandCluster?
        if command.subjectTokenFile == nil {
            cluster = try await command.cluster.open(configured: configuration?.kubeconfig.map(resolve))
        } else if let source, command.gateway.server == nil {
            cluster = try await ClusterOptions.open(source)
        }
        let result: Result<Void, any Error>
        do {
            let located = try await located(by: cluster)
            let routing = GatewayRouting(
                options: command.gateway, configuration: located.configuration, namespace: located.namespace,
                cluster: cluster, isInCluster: source == .inCluster, resolve: resolve)
            result = .success(try await located.run(cluster, routing))
        } catch {
            result = .failure(error)
        }
        await cluster?.close()
        try result.get()
    }

    /// The same run in the gateway's namespace, where that is not given, but has the only Pods of a gateway.
    private func located(by cluster: CommandCluster?) async throws -> TokenRun {
        guard namespace == nil, let file, let name = command.endpoint, let cluster,
            let found = await WorkloadLookup(cluster: cluster).gatewayNamespace()
        else { return self }
        // The default audience has the namespace.
        let loaded = try file.checked(manifest: command.plugins, namespace: found, logger: .silent)
        return TokenRun(
            command: command, file: file, configuration: loaded, endpoint: try loaded.endpoint(named: name),
            namespace: found, transport: transport)
    }

    private func run(_ cluster: CommandCluster?, _ routing: GatewayRouting) async throws {
        let subject = try await subjectToken(cluster)
        let calls = GatewayCalls(route: try await routing.route(), transport: transport)
        let path = endpoint?.path.description ?? command.endpointPath ?? ""
        let token = try await TokenExchangeCall(calls: calls, path: path).issued(
            for: subject, audience: command.audience)
        if command.decode {
            Terminal.write(token.decoded.indentedText + "\n", to: 1)
        } else if command.verify {
            let verification = PublicVerification(transport: transport, endpoint: endpoint, now: Date())
            let lines = try await verification.verify(
                token, issuer: endpoint?.issuer.url,
                audiences: command.audience.map { [$0] } ?? endpoint?.endpoint.audiences ?? [])
            Terminal.write((["verified"] + lines.map { "    \($0)" }).joined(separator: "\n") + "\n", to: 1)
        } else if command.execCredential {
            Terminal.write(Self.credential(token).text + "\n", to: 1)
        } else if let value = command.credentialProcess {
            Terminal.write(try await session(token, value).credentials + "\n", to: 1)
        } else {
            Terminal.write(token.compact + "\n", to: 1)
        }
    }

    private func subjectToken(_ cluster: CommandCluster?) async throws -> String {
        if let path = command.subjectTokenFile {
            guard let bytes = InputFile.bytes(path) else {
                throw CommandFailure(
                    .workloadMissing, "--subject-token-file is not readable", advice: "correct its path")
            }
            let text = (String(validating: bytes, as: UTF8.self) ?? "").filter { !$0.isWhitespace }
            guard !text.isEmpty else {
                throw CommandFailure(
                    .malformedSubjectToken, "--subject-token-file has no token", advice: "write only the token into it")
            }
            return text
        }
        guard let cluster else {
            throw CommandFailure(.kubeconfigUnusable, "no kubeconfig", advice: "name one with --kubeconfig")
        }
        let lookup = WorkloadLookup(cluster: cluster)
        let audiences = endpoint.map { Array($0.subjectToken.audiences.prefix(1)) } ?? [command.subjectAudience ?? ""]
        if let name = command.pod.flatMap({ ServiceAccountName($0) }) {
            let pod = try await lookup.pod(name)
            guard let account = ServiceAccountName("\(pod.namespace)/\(pod.serviceAccount)") else {
                throw CommandFailure(.workloadMissing, "the Pod has an invalid ServiceAccount")
            }
            return try await lookup.token(of: account, boundTo: pod, audiences: audiences)
        }
        guard let account = command.serviceAccount.flatMap({ ServiceAccountName($0) }) else {
            throw CommandFailure(.workloadMissing, "no workload is named", advice: "set --pod or --service-account")
        }
        let pod = try await runningPod(of: account, lookup)
        return try await lookup.token(of: account, boundTo: pod, audiences: audiences)
    }

    /// - Returns: nil where the endpoint accepts a token that is bound to no Pod.
    private func runningPod(
        of account: ServiceAccountName, _ lookup: WorkloadLookup
    ) async throws(CommandFailure) -> WorkloadPod? {
        let requiresPod = endpoint?.subjectToken.requirePod ?? false
        do throws(CommandFailure) {
            if let pod = try await lookup.runningPod(of: account) { return pod }
        } catch {
            // A ServiceAccount of CI may request its own tokens, and list no Pods.
            guard error.missingPermission != nil, !requiresPod else { throw error }
            return nil
        }
        guard !requiresPod else {
            throw CommandFailure(
                .subjectTokenWithoutPod, "\(account) has no running Pod, and the endpoint requires one",
                advice: "start a Pod, or use an endpoint with subjectToken.requirePod: false")
        }
        return nil
    }

    private func session(_ token: IssuedJWT, _ value: String) async throws(CommandFailure) -> RelyingPartySession {
        guard let file, let endpoint else {
            throw CommandFailure(.partyExchange, "no configuration is named", advice: "set --config and --endpoint")
        }
        let party = RelyingParty(
            file: file, manifest: command.plugins, endpoint: endpoint, profile: nil,
            transport: transport)
        return try await party.session(for: token, as: value, workload: nil)
    }

    /// An ExecCredential (client.authentication.k8s.io) of the version that the caller asks for.
    private static func credential(_ token: IssuedJWT) -> JSONValue {
        let asked = ProcessInfo.processInfo.environment["KUBERNETES_EXEC_INFO"].flatMap {
            try? JSONValue(parsing: Array($0.utf8))["apiVersion"]?.stringValue
        }
        let beta = "client.authentication.k8s.io/v1beta1"
        var status: [JSONValue.Member] = [.init("token", .string(token.compact))]
        if let end = token.expiration { status.append(.init("expirationTimestamp", .string(end.formatted(.iso8601)))) }
        return [
            "apiVersion": asked == beta ? .string(beta) : "client.authentication.k8s.io/v1",
            "kind": "ExecCredential", "status": .object(status),
        ]
    }
}
