import FoundationEssentials
import GatewayCore
import GatewayServer
import JSON

/// Checks the replicas of the gateway: their readiness, key rings and publication, the leader, and the permissions of their
/// ServiceAccount.
struct ReplicaCheck: Sendable {
    let context: DoctorContext
    let lookup: WorkloadLookup

    private var pages: ReplicaPages { ReplicaPages(context: context, lookup: lookup) }

    func findings() async -> [DoctorFinding] {
        guard let space = context.namespace else {
            return [
                .notChecked(
                    .gateway, "replicas", "the gateway's namespace is not known", advice: "set --gateway-namespace")
            ]
        }
        let pods: [WorkloadPod]
        do {
            pods = try await pages.pods(in: space)
        } catch {
            return [.failure(.gateway, "replicas", error)]
        }
        guard !pods.isEmpty else {
            return [
                .failed(
                    .gateway, "replicas", .noReplica,
                    "no Pod with the label \(GatewayRouting.selector) in the namespace \(space)",
                    advice: "scale the Deployment up, or correct --gateway-namespace")
            ]
        }
        var findings: [DoctorFinding] = []
        var versions: Set<String> = []
        for pod in pods.prefix(ReplicaPages.maximumPods) { findings += await replica(pod, &versions) }
        if pods.count > ReplicaPages.maximumPods {
            findings.append(
                .notChecked(
                    .gateway, "replicas",
                    "\(pods.count - ReplicaPages.maximumPods) of \(pods.count) replicas are not read"))
        }
        if versions.count > 1 {
            findings.append(
                .warning(
                    .gateway, "version", .replicaNotReady,
                    "the replicas have different versions: \(versions.sorted().joined(separator: ", "))",
                    advice: "wait for the rollout, or complete it"))
        }
        if case .kubernetes = context.configuration.keyStore { findings.append(await leader(pods, space)) }
        findings.append(await permissions(pods[0], space))
        return findings
    }

    private func replica(_ pod: WorkloadPod, _ versions: inout Set<String>) async -> [DoctorFinding] {
        let check = "replica \(pod.name)"
        guard pod.isReady else {
            return [
                .failed(
                    .gateway, check, .replicaNotReady, "the Pod is not ready\(pod.reason.map { ": \($0)" } ?? "")",
                    advice: "kubectl -n \(pod.namespace) describe pod \(pod.name), and its log")
            ] + (await readiness(pod, check, isReady: false))
        }
        var findings: [DoctorFinding] = []
        if let text = try? await pages.text(of: pod, "/metrics") {
            let metrics = Metrics(text)
            if let version = metrics.label("version", of: "sts_build_info") { versions.insert(version) }
            findings += context.endpoints.compactMap { uninjected($0, metrics) }
        }
        return await readiness(pod, check, isReady: true) + findings
    }

    /// A warning where labeled Pods run without tokens, as the leader has observed.
    private func uninjected(_ endpoint: EndpointConfiguration, _ metrics: Metrics) -> DoctorFinding? {
        let count = metrics.sum(of: "sts_uninjected_pods", where: "endpoint=\"\(endpoint.name)\"")
        guard count > 0 else { return nil }
        return .warning(
            .gateway, "uninjected Pods", of: endpoint.name, .workloadNotInjected,
            "\(count) labeled Pods run without tokens",
            advice: "the leader's log names them (labelled Pod runs without tokens); recreate them")
    }

    /// The lines of `/readyz?verbose` that fail.
    private func readiness(_ pod: WorkloadPod, _ check: String, isReady: Bool) async -> [DoctorFinding] {
        let text: String
        do {
            text = try await pages.text(of: pod, "/readyz", query: [("verbose", "")])
        } catch {
            return isReady ? [.failure(.gateway, check, error)] : []
        }
        let failures = text.split(separator: "\n").filter { $0.hasPrefix("[-]") }
        guard !failures.isEmpty else {
            return isReady ? [.ok(.gateway, check, "ready; key rings and publication are in order")] : []
        }
        return failures.compactMap { line in
            let parts = line.dropFirst(3).split(separator: " ", maxSplits: 1).map(String.init)
            guard let name = parts.first else { return nil }
            let subject = name.split(separator: "/", maxSplits: 1).map(String.init)
            let endpoint = subject.count > 1 ? subject[1] : nil
            if let endpoint, !context.endpoints.contains(where: { $0.name == endpoint }) { return nil }
            let text = parts.count > 1 ? parts[1] : "failed"
            let reason = text.hasPrefix("failed: ") ? String(text.dropFirst("failed: ".count)) : text
            let (meaning, advice) = Self.meaning(of: subject[0])
            let code = Self.code(endingIn: reason) ?? meaning
            return meaning == .replicaNotReady
                ? .failed(.gateway, "\(check), \(subject[0])", code, reason, advice: advice)
                : .warning(.gateway, "\(check), \(subject[0])", of: endpoint, code, reason, advice: advice)
        }
    }

    /// The code at the end of a text, in parentheses; nil where there is none.
    private static func code(endingIn text: String) -> ErrorCode? {
        guard text.hasSuffix(")"), let start = text.lastIndex(of: "(") else { return nil }
        return ErrorCode(rawValue: String(text[text.index(after: start)...].dropLast()))
    }

    private static func meaning(of line: String) -> (ErrorCode, String) {
        switch line {
        case "keyring": (.keyRingUnusable, "sts-gateway keys status shows the ring")
        case "publish": (.publicationFailed, "sts-gateway publish --check shows the difference")
        case "clock": (.clock, "synchronize both clocks (NTP)")
        case "webhook": (.webhookConflict, "use another injection.prefix, or delete the other release")
        case "configuration": (.configurationError, "correct the configuration file; it is reloaded")
        case "ca": (.webhookUntrusted, "recreate the Pods that were injected before")
        case "apiserver": (.apiServer, "check the network from the gateway to the API server")
        default: (.replicaNotReady, "see the log of the Pod")
        }
    }

    private func leader(_ pods: [WorkloadPod], _ space: String) async -> DoctorFinding {
        do throws(CommandFailure) {
            let path = "/apis/coordination.k8s.io/v1/namespaces/\(space)/leases/sts-gateway"
            let lease = try await lookup.call(.get, path, permission: "get on leases")
            guard let spec = lease?["spec"], let holder = spec["holderIdentity"]?.stringValue, !holder.isEmpty else {
                return .failed(
                    .gateway, "leader", .noLeader, "no replica holds the Lease sts-gateway",
                    advice: "see election failed and clock in the log of the replicas")
            }
            let renewed = spec["renewTime"]?.stringValue.flatMap { Self.date($0) }
            let age = renewed.map { context.now.timeIntervalSince($0) } ?? 0
            guard age < Self.maximumLeaseAge else {
                return .failed(
                    .gateway, "leader", .noLeader,
                    "the Lease sts-gateway of \(holder) was not renewed for \(Int(age)) s",
                    advice: "see election failed and clock in the log of the replicas")
            }
            return .ok(.gateway, "leader", String(holder.prefix { $0 != "_" }))
        } catch {
            return .failure(.gateway, "leader", error)
        }
    }

    /// Clocks may differ by a minute.
    private static let maximumLeaseAge = 120.0

    private static func date(_ text: String) -> Date? {
        let whole = text.prefix { $0 != "." && $0 != "Z" }
        return try? Date(whole + "Z", strategy: .iso8601)
    }

    /// The permissions of the gateway's ServiceAccount, where this command may ask.
    private func permissions(_ pod: WorkloadPod, _ space: String) async -> DoctorFinding {
        var needed: [APIServerCheck.Permission] = []
        if case .kubernetes = context.configuration.review {
            needed.append(.init(verb: "create", resource: "tokenreviews", group: "authentication.k8s.io"))
        }
        if case .kubernetes = context.configuration.keyStore {
            for verb in ["get", "list", "watch", "create", "update"] {
                needed.append(.init(verb: verb, resource: "secrets", namespace: space))
            }
            needed.append(
                .init(
                    verb: "update", resource: "leases", group: "coordination.k8s.io", namespace: space,
                    name: "sts-gateway"))
        }
        let user = "system:serviceaccount:\(space):\(pod.serviceAccount)"
        var missing: [String] = []
        for permission in needed {
            do throws(CommandFailure) {
                if try await !APIServerCheck.isAllowed(permission, for: user, lookup.cluster) {
                    missing.append(permission.text)
                }
            } catch {
                return .failure(.gateway, "permissions", error)
            }
        }
        guard missing.isEmpty else {
            return .failed(
                .gateway, "permissions", .permissionMissing, "\(user) lacks \(missing.joined(separator: ", "))",
                advice: "helm upgrade restores the chart's roles; see gateway.rbac.create")
        }
        return .ok(.gateway, "permissions", "\(user) may do what the gateway needs")
    }
}

extension WorkloadPod {
    var isOfJob: Bool {
        (json["metadata"]?["ownerReferences"]?.elementList ?? []).contains { $0["kind"]?.stringValue == "Job" }
    }

    /// Why a container does not run; nil where the API server does not say.
    var reason: String? {
        let statuses = ["initContainerStatuses", "containerStatuses"].flatMap { json["status"]?[$0]?.elementList ?? [] }
        let reasons = statuses.compactMap { status -> String? in
            let name = status["name"]?.stringValue ?? ""
            if let reason = status["state"]?["waiting"]?["reason"]?.stringValue { return "\(name) waits: \(reason)" }
            if let reason = status["state"]?["terminated"]?["reason"]?.stringValue, reason != "Completed" {
                return "\(name) ended: \(reason)"
            }
            return nil
        }
        return reasons.isEmpty ? nil : reasons.joined(separator: ", ")
    }
}

/// The lines of a page in the text format of Prometheus.
private struct Metrics {
    private let lines: [Substring]

    init(_ text: String) { lines = text.split(separator: "\n") }

    /// The sum of the series of that name with the label.
    func sum(of name: String, where label: String) -> Int {
        var sum = 0
        for line in lines where line.hasPrefix("\(name){") && line.contains(label) {
            guard let text = line.split(separator: " ").last, let value = Double(text), (0..<1e9).contains(value) else {
                continue
            }
            sum += Int(value)
        }
        return sum
    }

    /// The value of a label of the first series of that name.
    func label(_ label: String, of name: String) -> String? {
        guard let line = lines.first(where: { $0.hasPrefix("\(name){") }),
            let start = line.firstRange(of: "\(label)=\"")
        else { return nil }
        return String(line[start.upperBound...].prefix { $0 != "\"" })
    }
}
