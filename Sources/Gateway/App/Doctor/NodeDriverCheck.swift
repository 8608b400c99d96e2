import FoundationEssentials
import GatewayCore
import GatewayServer
import JSON
import KubernetesAPI

/// Checks the node driver: its CSIDriver object, the DaemonSet, the CA bundle of its namespace, and the driver of the Pod's
/// node. Without a driver in the configuration, or in the Pod, there is nothing to check.
struct NodeDriverCheck: Sendable {
    let context: DoctorContext
    let lookup: WorkloadLookup

    private static let driverVariable = "STS_NODE_DRIVER"
    private static let bundleKey = "ca-bundle.pem"

    /// What is checked of the DaemonSet.
    private struct Deployed {
        let name: String
        let namespace: String
        let labels: [String: String]
        let json: JSONValue

        var title: String { "\(namespace)/\(name)" }
    }

    func findings(for workload: ExaminedWorkload) async -> [DoctorFinding] {
        let volume = workload.pod.flatMap { Self.driver(of: $0.json) }
        guard let driver = volume ?? context.configuration.injection.nodeDriver else { return [] }
        var findings = [await object(driver)]
        do throws(CommandFailure) {
            guard let deployed = try await daemonSet(of: driver) else {
                return findings + [
                    .failed(
                        .node, "DaemonSet", .nodeDriverMissing, "no DaemonSet runs the node driver \(driver)",
                        advice: "set gateway.node.enabled of the chart, and run helm upgrade")
                ]
            }
            findings.append(rollout(deployed))
            findings.append(await bundle(deployed))
            if volume != nil, let pod = workload.pod { findings.append(await node(of: pod, driver, deployed)) }
        } catch {
            findings.append(.failure(.node, "DaemonSet", error))
        }
        return findings
    }

    /// The driver of the Pod's token volume; nil where it has none.
    static func driver(of pod: JSONValue) -> String? {
        (pod["spec"]?["volumes"]?.elementList ?? []).lazy.filter { $0["name"] == "sts-tokens" }
            .compactMap { $0["csi"]?["driver"]?.stringValue }.first
    }

    // MARK: The CSIDriver object

    private func object(_ driver: String) async -> DoctorFinding {
        let check = "CSIDriver"
        let found: JSONValue?
        do {
            found = try await lookup.call(
                .get, "/apis/storage.k8s.io/v1/csidrivers/\(driver)", permission: "get on csidrivers")
        } catch {
            return .failure(.node, check, error)
        }
        guard let spec = found?["spec"] else {
            return .failed(
                .node, check, .nodeDriverMissing,
                "there is no CSIDriver \(driver), so the kubelet mounts no volume of it",
                advice: "set gateway.node.enabled of the chart, and run helm upgrade")
        }
        var differences: [String] = []
        if spec["podInfoOnMount"] != true { differences.append("podInfoOnMount is not true") }
        if spec["requiresRepublish"] != true { differences.append("requiresRepublish is not true") }
        if spec["volumeLifecycleModes"]?.elementList?.contains("Ephemeral") != true {
            differences.append("volumeLifecycleModes lacks Ephemeral")
        }
        let audiences = (spec["tokenRequests"]?.elementList ?? []).compactMap { $0["audience"]?.stringValue }
        for endpoint in context.endpoints
        where !audiences.contains(where: endpoint.subjectToken.audiences.containsExactly) {
            differences.append(
                "tokenRequests has no audience of the endpoint \(endpoint.name) "
                    + "(\(endpoint.subjectToken.audiences.joined(separator: ", ")))")
        }
        guard differences.isEmpty else {
            return .failed(
                .node, check, .nodeDriverDiffers, "\(driver): \(differences.joined(separator: "; "))",
                advice: "run helm upgrade; the fields cannot be changed otherwise than by a new object")
        }
        return .ok(.node, check, "\(driver) with the audience \(audiences.joined(separator: ", "))")
    }

    // MARK: The DaemonSet

    private func daemonSet(of driver: String) async throws(CommandFailure) -> Deployed? {
        let list = try await lookup.call(
            .get, "/apis/apps/v1/daemonsets", query: [("limit", "500")], permission: "list on daemonsets")
        for item in list?["items"]?.elementList ?? [] {
            let containers = item["spec"]?["template"]?["spec"]?["containers"]?.elementList ?? []
            let isDriver = containers.contains { container in
                (container["env"]?.elementList ?? []).contains {
                    $0["name"]?.stringValue == Self.driverVariable && $0["value"]?.stringValue == driver
                }
            }
            guard isDriver, let name = item["metadata"]?["name"]?.stringValue,
                let namespace = item["metadata"]?["namespace"]?.stringValue
            else { continue }
            return Deployed(
                name: name, namespace: namespace,
                labels: item["spec"]?["selector"]?["matchLabels"]?.stringMap ?? [:], json: item)
        }
        return nil
    }

    private func rollout(_ deployed: Deployed) -> DoctorFinding {
        let status = deployed.json["status"]
        let wanted = status?["desiredNumberScheduled"]?.integerValue ?? 0
        let ready = status?["numberReady"]?.integerValue ?? 0
        guard wanted > 0 else {
            return .warning(
                .node, "DaemonSet", .nodeDriverNotReady, "\(deployed.title) is scheduled on no node",
                advice: "check gateway.node.nodeSelector and tolerations")
        }
        guard ready >= wanted else {
            return .warning(
                .node, "DaemonSet", .nodeDriverNotReady, "\(deployed.title) is ready on \(ready) of \(wanted) nodes",
                advice: "kubectl -n \(deployed.namespace) describe daemonset \(deployed.name)")
        }
        return .ok(.node, "DaemonSet", "\(deployed.title) is ready on \(ready) nodes")
    }

    // MARK: First trust

    /// The CA bundle with which the driver begins. An empty one stands for the public CAs.
    private func bundle(_ deployed: Deployed) async -> DoctorFinding {
        let check = "CA bundle"
        let volumes = deployed.json["spec"]?["template"]?["spec"]?["volumes"]?.elementList ?? []
        let names = volumes.filter { $0["name"] == "ca" }.compactMap { $0["configMap"]?["name"]?.stringValue }
        guard let name = names.first else {
            return .notChecked(.node, check, "\(deployed.title) has no volume of a ConfigMap with the CA bundle")
        }
        let found: JSONValue?
        do {
            found = try await lookup.call(
                .get, "/api/v1/namespaces/\(deployed.namespace)/configmaps/\(name)", permission: "get on configmaps")
        } catch {
            return .failure(.node, check, error)
        }
        let title = "the ConfigMap \(deployed.namespace)/\(name)"
        guard let bundle = found?["data"]?[Self.bundleKey]?.stringValue else {
            return .failed(
                .node, check, .nodeDriverUntrusted,
                found == nil
                    ? "\(title) does not exist, so that no Pod gets a token" : "\(title) has no \(Self.bundleKey)",
                advice: "see the leader's log, and injection.caConfigMap; or create it as docs/node-driver.md shows")
        }
        guard !bundle.allSatisfy(\.isWhitespace) else {
            return .ok(.node, check, "\(title) is empty: the driver trusts the public CAs")
        }
        guard case .success(let replicas) = await WebhookCertificateCheck(context: context, lookup: lookup).served(),
            let chains = replicas.lazy.compactMap(\.chains).first, let host
        else {
            return .notChecked(.node, check, "needs get on pods/proxy, to compare \(title) with the served certificate")
        }
        let review = await ServingChainReview(chains: chains, bundle: bundle, host: host).review(at: context.now)
        let isTrusted = !review.problems.contains(where: \.isOfTrust)
        guard isTrusted else {
            return .failed(
                .node, check, .nodeDriverUntrusted, "the gateway's certificate does not chain to a CA of \(title)",
                advice: "see the leader's log, and injection.caConfigMap; or replace it as docs/node-driver.md shows")
        }
        return .ok(.node, check, "the gateway's certificate chains to \(title)")
    }

    /// The host by which the drivers call the gateway.
    private var host: String? {
        guard let url = context.configuration.injection.gatewayURL else {
            return context.namespace.map { ServiceName.gateway(in: $0).host }
        }
        return CertificateNames.host(ofURL: url)
    }

    // MARK: The Pod's node

    /// Whether the driver runs on the Pod's node, and the kubelet knows it.
    private func node(of pod: WorkloadPod, _ driver: String, _ deployed: Deployed) async -> DoctorFinding {
        let check = "node"
        guard let node = pod.json["spec"]?["nodeName"]?.stringValue, !node.isEmpty else {
            return .notChecked(.node, check, "the Pod is scheduled on no node yet")
        }
        do throws(CommandFailure) {
            let selector = deployed.labels.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
            let drivers = try await lookup.pods(
                in: deployed.namespace,
                query: [("labelSelector", selector.joined(separator: ",")), ("fieldSelector", "spec.nodeName=\(node)")])
            guard let running = drivers.first(where: { $0.json["spec"]?["nodeName"]?.stringValue == node }) else {
                return .failed(
                    .node, check, .nodeDriverNotReady, "the driver does not run on \(node), where the Pod waits",
                    advice: "check gateway.node.nodeSelector and tolerations, and the taints of the node")
            }
            guard running.isReady else {
                return .failed(
                    .node, check, .nodeDriverNotReady,
                    "the driver \(running.name) of \(node) is not ready\(running.reason.map { ": \($0)" } ?? "")",
                    advice: "kubectl -n \(deployed.namespace) logs \(running.name)")
            }
            let found = try await lookup.call(
                .get, "/apis/storage.k8s.io/v1/csinodes/\(node)", permission: "get on csinodes")
            let registered = (found?["spec"]?["drivers"]?.elementList ?? []).compactMap { $0["name"]?.stringValue }
            guard registered.contains(driver) else {
                return .failed(
                    .node, check, .nodeDriverNotReady, "the kubelet of \(node) has not registered \(driver)",
                    advice: "check gateway.node.kubeletFolder; the kubelet's log has the reason")
            }
            return .ok(.node, check, "the driver \(running.name) of \(node) is ready, and registered")
        } catch {
            return .failure(.node, check, error)
        }
    }
}
