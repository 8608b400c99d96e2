import FoundationEssentials
import GatewayCore
import GatewayPluginAPI
import GatewayServer
import JSON
import KubernetesAPI

/// Checks the webhook configuration of each endpoint, and creates a Pod in a dry run.
struct WebhookCheck: Sendable {
    let context: DoctorContext
    let lookup: WorkloadLookup
    /// Whether admission policies inject Pods, so that webhook configurations need not exist.
    let policiesInject: Bool

    /// The Pods of the gateway in its namespace.
    private enum Replicas {
        case none, notReady, ready
        /// They cannot be listed.
        case unknown
    }

    static func path(_ name: String) -> String {
        KubernetesResource.mutatingWebhookConfigurations.path(namespace: nil, name: name)
    }

    func findings(for workload: ExaminedWorkload) async -> [DoctorFinding] {
        var findings: [DoctorFinding] = []
        let certificates = WebhookCertificateCheck(context: context, lookup: lookup)
        let served = await certificates.served()
        let replicas = await replicas()
        for endpoint in context.endpoints {
            var bundles: [String] = []
            let found = await configuration(of: endpoint, replicas, &bundles)
            findings.append(found)
            guard found.status != .failed else { continue }
            if found.status == .ok { findings += await certificates.findings(served, bundles, endpoint) }
            findings.append(await dryRun(endpoint, workload, replicas))
        }
        return findings
    }

    private func replicas() async -> Replicas {
        guard let space = context.namespace,
            let pods = try? await ReplicaPages(context: context, lookup: lookup).pods(in: space)
        else { return .unknown }
        return pods.isEmpty ? .none : pods.contains(where: \.isReady) ? .ready : .notReady
    }

    /// - Parameter bundles: gets the CA bundles in PEM, where nothing fails.
    private func configuration(
        of endpoint: EndpointConfiguration, _ replicas: Replicas, _ bundles: inout [String]
    ) async -> DoctorFinding {
        let check = "configuration"
        let name = context.configuration.injection.webhook.configurationName(of: endpoint.name)
        let found: JSONValue?
        do {
            found = try await lookup.call(
                .get, Self.path(name), permission: "get on mutatingwebhookconfigurations")
        } catch {
            return .failure(.webhook, check, of: endpoint.name, error)
        }
        guard let found else {
            guard !policiesInject else {
                return .notChecked(
                    .webhook, check, of: endpoint.name, "there is no \(name), since admission policies inject Pods")
            }
            return .failed(
                .webhook, check, of: endpoint.name, .webhookMissing,
                "there is no MutatingWebhookConfiguration \(name), so no Pod is injected",
                advice: "helm upgrade, or apply the output of sts-gateway webhook manifest")
        }
        guard let space = context.namespace else {
            return .notChecked(
                .webhook, check, of: endpoint.name, "the gateway's namespace is not known",
                advice: "set --gateway-namespace")
        }
        let wanted = WebhookConfigurationManifest(endpoint, context.configuration.injection, namespace: space).json
        if let other = Self.otherNamespace(found, wanted) {
            return .failed(
                .webhook, check, of: endpoint.name, .webhookDiffers,
                "\(name) calls the gateway in the namespace \(other), and --gateway-namespace is \(space)",
                advice: replicas == .none
                    ? "set --gateway-namespace \(other)"
                    : "set --gateway-namespace \(other); if the gateway was moved to \(space), run helm upgrade there")
        }
        let differences = Self.differences(found, wanted)
        guard differences.isEmpty else {
            return .failed(
                .webhook, check, of: endpoint.name, .webhookDiffers,
                "\(name) differs from the configuration: \(differences.joined(separator: ", "))",
                advice: "helm upgrade, or apply the output of sts-gateway webhook manifest")
        }
        let texts = Self.own(found, wanted).map { webhook in
            let bundle = webhook["clientConfig"]?["caBundle"]?.stringValue ?? ""
            return Data(base64Encoded: bundle).map { String(decoding: $0, as: UTF8.self) } ?? ""
        }
        guard texts.allSatisfy({ $0.contains("-----BEGIN CERTIFICATE") }) else {
            return .failed(
                .webhook, check, of: endpoint.name, .webhookUntrusted, "\(name) has no CA bundle",
                advice: "see caBundle not written in the leader's log; with cert-manager check its CA injector")
        }
        bundles = texts
        return .ok(.webhook, check, of: endpoint.name, "\(name) calls the gateway, and has a CA bundle")
    }

    /// The webhooks that call the Service of the wanted configuration.
    private static func own(_ found: JSONValue, _ wanted: JSONValue) -> [JSONValue] {
        let service = wanted["webhooks"]?.elementList?.first?["clientConfig"]?["service"]
        return (found["webhooks"]?.elementList ?? []).filter { webhook in
            let other = webhook["clientConfig"]?["service"]
            return ["name", "namespace"].allSatisfy { other?[$0] == service?[$0] }
        }
    }

    /// The namespace of a Service of the wanted name, where the webhooks call only that of another namespace.
    private static func otherNamespace(_ found: JSONValue, _ wanted: JSONValue) -> String? {
        guard own(found, wanted).isEmpty else { return nil }
        let service = wanted["webhooks"]?.elementList?.first?["clientConfig"]?["service"]
        return (found["webhooks"]?.elementList ?? []).lazy.map { $0["clientConfig"]?["service"] }
            .filter { $0?["name"] == service?["name"] }.compactMap { $0?["namespace"]?.stringValue }.first
    }

    private static func differences(_ found: JSONValue, _ wanted: JSONValue) -> [String] {
        let expected = wanted["webhooks"]?.elementList?.first
        let service = expected?["clientConfig"]?["service"]
        guard let webhook = own(found, wanted).first else {
            return [
                "it calls no Service \(service?["namespace"]?.stringValue ?? "")/\(service?["name"]?.stringValue ?? "")"
            ]
        }
        var differences: [String] = []
        if webhook["clientConfig"]?["service"]?["path"] != service?["path"] {
            differences.append("clientConfig.service.path")
        }
        let keys = labelKeys(expected)
        if labelKeys(webhook).intersection(keys) != keys { differences.append("objectSelector") }
        let resources = (webhook["rules"]?.elementList ?? []).flatMap { $0["resources"]?.elementList ?? [] }
        if !resources.contains("pods"), !resources.contains("*"), !resources.contains("*/*") {
            differences.append("rules")
        }
        return differences
    }

    private static func labelKeys(_ webhook: JSONValue?) -> Set<String> {
        let selector = webhook?["objectSelector"]
        let expressions = (selector?["matchExpressions"]?.elementList ?? []).compactMap { $0["key"]?.stringValue }
        return Set(expressions + (selector?["matchLabels"]?.memberList ?? []).map(\.name))
    }

    /// Creates a Pod with label and annotation, without storing it.
    private func dryRun(
        _ endpoint: EndpointConfiguration, _ workload: ExaminedWorkload, _ replicas: Replicas
    ) async -> DoctorFinding {
        let check = "dry run"
        guard let space = workload.namespace else {
            return .notChecked(
                .webhook, check, of: endpoint.name, "no workload is named", advice: "set --pod or --service-account")
        }
        let value = workload.annotations[endpoint.name]
        guard value != nil || endpoint.injector.annotation == .optional else {
            return .notChecked(
                .webhook, check, of: endpoint.name, "the workload has no annotation \(context.key(endpoint))")
        }
        let body = pod(endpoint, value: value, workload: workload)
        let reply: CommandCluster.Reply
        do {
            reply = try await lookup.cluster.send(
                .create, "/api/v1/namespaces/\(space)/pods", query: [("dryRun", "All")], body: body)
        } catch {
            return .failed(.webhook, check, of: endpoint.name, .apiServer, "\(error)")
        }
        let message = reply.message ?? "status \(reply.status)"
        guard reply.isSuccess, let made = reply.json else {
            if reply.status == 403, message.contains(" cannot create ") {
                return .notChecked(.webhook, check, of: endpoint.name, "needs create on pods in \(space)")
            }
            if message.contains("failed calling webhook"), replicas == .notReady || replicas == .none {
                return .failed(
                    .webhook, check, of: endpoint.name, .dryRunRejected, message,
                    advice: "no replica is ready: see the part gateway of this report")
            }
            if message.contains("webhook") || message.contains("AdmissionPolicy '") {
                return .failed(
                    .webhook, check, of: endpoint.name, .dryRunRejected, message,
                    advice: "a message of the gateway says what to correct; else check that the API server reaches "
                        + "port \(context.configuration.listeners.webhook.port) of the gateway")
            }
            return .notChecked(.webhook, check, of: endpoint.name, "the Pod of the dry run is not admitted: \(message)")
        }
        guard ExaminedWorkload.isInjected(made) else {
            return .failed(
                .webhook, check, of: endpoint.name, .dryRunRejected,
                "a Pod with the label \(context.key(endpoint)) is created in \(space) without tokens",
                advice: "check that the namespace is not excluded by the namespaceSelector of the "
                    + (policiesInject ? "policies" : "webhook"))
        }
        return .ok(.webhook, check, of: endpoint.name, "a Pod in \(space) is injected")
    }

    private func pod(_ endpoint: EndpointConfiguration, value: String?, workload: ExaminedWorkload) -> JSONValue {
        var metadata: [JSONValue.Member] = [
            .init("generateName", "sts-gateway-doctor-"),
            .init("labels", .object([.init(context.key(endpoint), "true")])),
        ]
        if let value { metadata.append(.init("annotations", .object([.init(context.key(endpoint), .string(value))]))) }
        return [
            "apiVersion": "v1", "kind": "Pod", "metadata": .object(metadata),
            "spec": [
                "serviceAccountName": .string(workload.account?.name ?? "default"),
                "securityContext": [
                    "runAsNonRoot": true, "runAsUser": 65_532, "seccompProfile": ["type": "RuntimeDefault"],
                ],
                "containers": [
                    [
                        "name": "main", "image": "registry.k8s.io/pause:3.10",
                        "resources": [
                            "requests": ["cpu": "1m", "memory": "8Mi"], "limits": ["cpu": "10m", "memory": "16Mi"],
                        ],
                        "securityContext": [
                            "allowPrivilegeEscalation": false, "capabilities": ["drop": ["ALL"]],
                        ],
                    ]
                ],
            ],
        ]
    }
}
