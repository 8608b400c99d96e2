import GatewayCore
import GatewayPluginAPI
import JSON
import KubernetesAPI

/// Checks label, annotation, sidecar and projected token of a Pod.
struct InjectionCheck: Sendable {
    let context: DoctorContext
    let endpoint: EndpointConfiguration
    let pod: WorkloadPod
    let annotation: String?
    /// The annotations of the ServiceAccount.
    let serviceAccount: [String: String]

    private var key: String { context.key(endpoint) }
    private var name: String { endpoint.name }

    func findings() -> [DoctorFinding] {
        let label = pod.json["metadata"]?["labels"]?[key]?.stringValue
        guard let label, label != "false" else {
            return [
                .failed(
                    .workload, "label", of: name, .workloadUnlabeled,
                    label == nil ? "the Pod has no label \(key)" : "the label \(key) is \"false\"",
                    advice: "add the label \(key): \"true\" to the Pod template")
            ]
        }
        var findings: [DoctorFinding] = [.ok(.workload, "label", of: name, key)]
        if let annotation {
            findings.append(.ok(.workload, "annotation", of: name, "\(key): \(annotation)"))
        } else if endpoint.injector.annotation == .required {
            let isOnAccount = !(serviceAccount[key] ?? "").isEmpty
            return findings + [
                .failed(
                    .workload, "annotation", of: name, .workloadUnannotated,
                    isOnAccount
                        ? "only the ServiceAccount has the annotation \(key), and injection.serviceAccountAnnotations is off"
                        : "the Pod has no annotation \(key)",
                    advice: "add the annotation to the Pod template")
            ]
        }
        findings.append(injection())
        if ExaminedWorkload.hasSidecar(pod.json) {
            findings.append(projectedToken())
            if let failing = sidecar() { findings.append(failing) }
        }
        return findings
    }

    private func injection() -> DoctorFinding {
        let record = pod.json["metadata"]?["annotations"]?["\(context.configuration.injection.prefix)/injected"]?
            .stringValue
        let endpoints = (record ?? "").split(separator: ",").map { $0.filter { !$0.isWhitespace } }
        if ExaminedWorkload.isInjected(pod.json), endpoints.contains(name) {
            let what = ExaminedWorkload.hasSidecar(pod.json) ? "the sidecar" : "a volume of the node driver"
            return .ok(.workload, "injection", of: name, "the Pod has \(what)")
        }
        let policy = InjectionPolicy(
            context.configuration.injection, namespace: context.namespace,
            standardImage: "sts-sidecar:\(GatewayVersion.current)", trust: nil, serverVersion: nil)
        let now: String
        do {
            let outcome = try PodMutation(policy, endpoints: context.configuration.endpoints).patch(
                pod.json, namespace: pod.namespace, serviceAccount: serviceAccount)
            now =
                outcome.endpoints.contains(name)
                ? "the Pod is older than the webhook, or was created without it"
                : outcome.warnings.first ?? "nothing would be injected"
        } catch {
            now = "the Pod would be denied: \(error)"
        }
        return .failed(
            .workload, "injection", of: name, .workloadNotInjected, "nothing is injected for the endpoint: \(now)",
            advice: "recreate the Pod: kubectl -n \(pod.namespace) rollout restart")
    }

    /// The projected ServiceAccount token of the sidecar.
    private func projectedToken() -> DoctorFinding {
        let volumes = pod.json["spec"]?["volumes"]?.elementList ?? []
        let sources = volumes.filter { $0["name"] == "sts-subject-token" }
            .flatMap { $0["projected"]?["sources"]?.elementList ?? [] }
        guard let audience = sources.lazy.compactMap({ $0["serviceAccountToken"]?["audience"]?.stringValue }).first
        else {
            return .failed(
                .workload, "projected token", of: name, .projectedTokenMissing,
                "the Pod has no volume sts-subject-token with a ServiceAccount token", advice: "recreate the Pod")
        }
        guard endpoint.subjectToken.audiences.containsExactly(audience) else {
            return .failed(
                .workload, "projected token", of: name, .foreignAudience,
                "the audience of the Pod's token is \(audience), and the endpoint accepts "
                    + endpoint.subjectToken.audiences.joined(separator: ", "),
                advice: "recreate the Pod, or add the audience to subjectToken.audiences")
        }
        return .ok(.workload, "projected token", of: name, "audience \(audience)")
    }

    /// Why the sidecar does not get tokens, as its termination message says; nil where it is ready.
    private func sidecar() -> DoctorFinding? {
        let statuses = ["initContainerStatuses", "containerStatuses"].flatMap {
            pod.json["status"]?[$0]?.elementList ?? []
        }
        guard let status = statuses.first(where: { $0["name"] == "sts-sidecar" }), status["ready"] != .bool(true) else {
            return nil
        }
        let texts = ["state", "lastState"].compactMap { status[$0]?["terminated"]?["message"]?.stringValue }
        let reason = status["state"]?["waiting"]?["reason"]?.stringValue
        // The finding about the Pod says why it has not started.
        let isWaiting = reason.map { ["PodInitializing", "ContainerCreating"].contains($0) } ?? true
        guard !pod.isPending || !texts.isEmpty || !isWaiting else { return nil }
        return .failed(
            .workload, "sidecar", of: name, .sidecarFailing,
            "the sidecar is not ready: \(texts.first ?? reason ?? "no reason is given")",
            advice: "kubectl -n \(pod.namespace) logs \(pod.name) -c sts-sidecar")
    }
}
