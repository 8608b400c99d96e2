import FoundationEssentials
import GatewayCore
import GatewayServer
import JSON
import KubernetesAPI

/// Finds out how a command reaches the gateway.
struct GatewayRouting {
    let options: GatewayAddressOptions
    /// nil without `--config`.
    let configuration: GatewayConfiguration?
    /// The gateway's namespace; nil where it is not known.
    let namespace: String?
    /// nil where no API server is known.
    let cluster: CommandCluster?
    /// Whether the command runs inside a Pod of the cluster.
    let isInCluster: Bool
    let resolve: (String) -> String

    static let selector = "app.kubernetes.io/name=sts-gateway"

    func route() async throws(CommandFailure) -> GatewayCalls.Route {
        let authorities: String?
        do {
            authorities = try options.authorities()
        } catch {
            throw CommandFailure(.gatewayUnreachable, "--ca-file is not readable", advice: "correct its path")
        }
        let address = options.connectTo.flatMap { ListenAddress($0) }
        if let url = options.server ?? (isInCluster || address != nil ? service : nil) {
            var url = url
            while url.hasSuffix("/") { url.removeLast() }
            return .url(url, to: address, authorities: await trusted(url, authorities))
        }
        guard let cluster, let configuration else {
            throw CommandFailure(
                .gatewayUnreachable, "the gateway's address is not known", advice: "name it with --server https://HOST")
        }
        guard let namespace else {
            throw CommandFailure(
                .gatewayUnreachable, "the gateway's namespace is not known",
                advice: "set --gateway-namespace, or --server https://HOST")
        }
        let pods = try await WorkloadLookup(cluster: cluster).pods(
            in: namespace, query: [("labelSelector", Self.selector)])
        guard let pod = pods.first(where: \.isReady) else {
            throw CommandFailure(
                .noReplica, "no ready Pod with the label \(Self.selector) in the namespace \(namespace)",
                advice: "correct --gateway-namespace, or see kubectl get pods")
        }
        return .pod(cluster, namespace: namespace, name: pod.name, port: configuration.listeners.tokens.port)
    }

    /// The URL inside the cluster.
    private var service: String? {
        if let url = configuration?.injection.gatewayURL { return url }
        return namespace.map { "https://\(ServiceName.gateway(in: $0).host):8443" }
    }

    /// The CAs for a URL of the gateway's Service: those of `tls.certificates`, else those that the API server trusts for
    /// the webhook.
    private func trusted(_ url: String, _ given: String?) async -> String? {
        guard given == nil, let configuration, let host = URLComponents(string: url)?.host,
            ServiceName(host: host) != nil
        else { return given }
        if !configuration.certificates.isEmpty {
            return configuration.certificates.lazy.compactMap(\.authority)
                .compactMap { FileManager.default.contents(atPath: resolve($0)) }
                .compactMap { String(validating: $0, as: UTF8.self) }.first
        }
        guard let cluster, let endpoint = configuration.endpoints.first else { return nil }
        let name = configuration.injection.webhook.configurationName(of: endpoint.name)
        let found = try? await WorkloadLookup(cluster: cluster).call(
            .get, KubernetesResource.mutatingWebhookConfigurations.path(namespace: nil, name: name),
            permission: "get on mutatingwebhookconfigurations")
        let bundles = (found?["webhooks"]?.elementList ?? []).compactMap {
            $0["clientConfig"]?["caBundle"]?.stringValue.flatMap { Data(base64Encoded: $0) }
        }
        return bundles.first.flatMap { String(validating: $0, as: UTF8.self) }
    }
}

extension WorkloadPod {
    /// Whether the Pod has the condition Ready.
    var isReady: Bool {
        isRunning
            && (json["status"]?["conditions"]?.elementList ?? []).contains {
                $0["type"]?.stringValue == "Ready" && $0["status"]?.stringValue == "True"
            }
    }
}
