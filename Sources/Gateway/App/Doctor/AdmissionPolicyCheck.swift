import FoundationEssentials
import GatewayCore
import GatewayServer
import JSON
import KubernetesAPI

/// Checks the admission policies and bindings: whether they exist, are those that this version would write, and are alone in
/// force. With `injection.admission: webhook` there must be none.
struct AdmissionPolicyCheck: Sendable {
    /// What the check found.
    struct Outcome {
        var findings: [DoctorFinding] = []
        /// Whether policies inject Pods.
        var injects = false
    }

    let context: DoctorContext
    let lookup: WorkloadLookup

    private static let check = "policies"
    private static let isInForce = "in force"

    private var injection: GatewayConfiguration.Injection { context.configuration.injection }

    func outcome(for workload: ExaminedWorkload) async -> Outcome {
        do throws(CommandFailure) {
            let found = try await self.found()
            var outcome = Outcome()
            outcome.injects = ["MutatingAdmissionPolicy", "MutatingAdmissionPolicyBinding"].allSatisfy { kind in
                found.contains { $0["kind"]?.stringValue == kind }
            }
            let webhooks = try await self.webhooks()
            if try await usesPolicies(&outcome.findings) { outcome.findings += await objects(found) }
            if let finding = inForce(outcome.injects, webhooks, workload) { outcome.findings.append(finding) }
            return outcome
        } catch {
            // A role without the permission is complete for a gateway without policies.
            let isUnneeded = injection.admission == .webhook && error.missingPermission != nil
            return Outcome(findings: isUnneeded ? [] : [.failure(.policies, Self.check, error)])
        }
    }

    // MARK: What is there

    private func found() async throws(CommandFailure) -> [JSONValue] {
        var found: [JSONValue] = []
        for place in AdmissionPolicyManifest.places(instance: injection.webhook.configurationPrefix) {
            guard let resource = KubernetesResource.admissionPolicies.first(where: { $0.kind == place.kind }) else {
                continue
            }
            let object = try await lookup.call(
                .get, resource.path(namespace: nil, name: place.name), permission: "get on \(resource.plural)")
            // Objects have no kind in some answers.
            guard let object else { continue }
            found.append(.object(object.memberList.filter { $0.name != "kind" } + [.init("kind", .string(place.kind))]))
        }
        return found
    }

    /// The endpoints' webhook configurations that exist.
    private func webhooks() async throws(CommandFailure) -> [String] {
        var found: [String] = []
        for endpoint in context.endpoints {
            let name = injection.webhook.configurationName(of: endpoint.name)
            let object = try await lookup.call(
                .get, WebhookCheck.path(name), permission: "get on mutatingwebhookconfigurations")
            if object != nil { found.append(name) }
        }
        return found
    }

    /// Whether the configuration asks for policies, and the API server has them.
    private func usesPolicies(_ findings: inout [DoctorFinding]) async throws(CommandFailure) -> Bool {
        guard injection.admission != .webhook else { return false }
        let answer = try await lookup.call(.get, "/version", permission: "get on /version")
        let server = answer.flatMap { version -> KubernetesVersion? in
            guard let major = version["major"]?.stringValue, let minor = version["minor"]?.stringValue else {
                return nil
            }
            return KubernetesVersion(major: major, minor: minor)
        }
        guard let server, server < AdmissionPolicyManifest.firstServer else { return true }
        if injection.admission == .policy {
            findings.append(
                .failed(
                    .policies, Self.check, .policyUnsupported, "the API server is older than Kubernetes 1.36",
                    advice: "set injection.admission: auto"))
        }
        return false
    }

    // MARK: The objects

    private func objects(_ found: [JSONValue]) async -> [DoctorFinding] {
        guard let space = context.namespace else {
            return [
                .notChecked(
                    .policies, Self.check, "the gateway's namespace is not known", advice: "set --gateway-namespace")
            ]
        }
        let trust = found.lazy.compactMap(AdmissionPolicyManifest.trust).first
        let policy = InjectionPolicy(
            injection, namespace: space, standardImage: "sts-sidecar:\(GatewayVersion.current)", trust: trust,
            serverVersion: nil)
        let manifest: AdmissionPolicyManifest
        do throws(AdmissionPolicyManifest.Unsupported) {
            manifest = try AdmissionPolicyManifest(
                context.configuration.endpoints, injection, policy, namespace: space, version: GatewayVersion.current)
        } catch {
            return error.reasons.map {
                DoctorFinding.failed(
                    .policies, Self.check, .policyUnsupported, $0,
                    advice: "correct it, or set injection.admission: webhook")
            }
        }
        var findings = manifest.objects.compactMap { finding(of: $0, found) }
        if findings.isEmpty {
            findings.append(
                .ok(.policies, Self.check, "\(manifest.objects.count) objects are those of this version"))
        }
        if let trusted = await trusted(trust) { findings.append(trusted) }
        return findings
    }

    private var advice: String {
        injection.isManaged
            ? "see admission policies not written in the leader's log"
            : "apply the output of sts-gateway policy manifest"
    }

    /// What is wrong with an object of the manifest; nil for nothing.
    private func finding(of wanted: JSONValue, _ found: [JSONValue]) -> DoctorFinding? {
        let (kind, name) = (wanted["kind"], wanted["metadata"]?["name"])
        let place = "\(kind?.stringValue ?? "") \(name?.stringValue ?? "")"
        guard let object = found.first(where: { $0["kind"] == kind && $0["metadata"]?["name"] == name }) else {
            return .failed(.policies, Self.check, .policyMissing, "there is no \(place)", advice: advice)
        }
        if let reason = AdmissionPolicyManifest.reasonToKeep(object, instead: wanted) {
            return AdmissionPolicyManifest.isOfNewerVersion(object, instead: wanted)
                ? .warning(
                    .policies, Self.check, .policyNewer, "\(place): \(reason)",
                    advice: "use the doctor of that version, or complete the update of the gateway")
                : .failed(.policies, Self.check, .policyDiffers, "\(place): \(reason)", advice: advice)
        }
        guard let difference = AdmissionPolicyManifest.difference(of: object, from: wanted) else { return nil }
        return .failed(
            .policies, Self.check, .policyDiffers, "\(place): \(difference) differs from what this version would write",
            advice: advice)
    }

    /// Whether the CA certificates of the policy are those of the gateway; nil where sidecars get none.
    private func trusted(_ trust: String?) async -> DoctorFinding? {
        let check = "CA bundle"
        guard let trust, let host = CertificateNames.host(ofURL: injection.gatewayURL ?? "") ?? context.serviceHost
        else {
            return nil
        }
        guard case .success(let replicas) = await WebhookCertificateCheck(context: context, lookup: lookup).served(),
            let chains = replicas.lazy.compactMap(\.chains).first
        else {
            return .notChecked(.policies, check, "needs get on pods/proxy, to compare it with the served certificate")
        }
        let review = await ServingChainReview(chains: chains, bundle: trust, host: host).review(at: context.now)
        let isTrusted = !review.problems.contains(where: \.isOfTrust)
        return isTrusted
            ? .ok(.policies, check, "the gateway's certificate chains to the CA that sidecars get")
            : .failed(
                .policies, check, .policyUntrusted,
                "the gateway's certificate does not chain to the CA that sidecars get",
                advice: advice)
    }

    // MARK: What injects

    private func inForce(_ policies: Bool, _ webhooks: [String], _ workload: ExaminedWorkload) -> DoctorFinding? {
        guard policies || !webhooks.isEmpty else {
            // The check of the webhook reports it otherwise.
            guard injection.admission != .webhook else { return nil }
            return .failed(
                .policies, Self.isInForce, .nothingInjects,
                "there are neither admission policies nor webhook configurations, so no Pod is injected",
                advice: advice)
        }
        if policies, !webhooks.isEmpty {
            return .warning(
                .policies, Self.isInForce, .policyBesideWebhook,
                "policies and the webhook configurations \(webhooks.joined(separator: ", ")) are in force; both inject the "
                    + "same, and the leader deletes one kind a minute after the other is complete",
                advice: injection.admission == .webhook
                    ? "see admission policies kept in the leader's log" : "set gateway.webhook.enabled: false")
        }
        guard policies else { return nil }
        let excluded = WebhookConfigurationManifest.excludedNamespaces(
            injection.webhook.excludedNamespaces, besides: context.namespace)
        if let space = workload.namespace, excluded.contains(space) {
            return .failed(
                .policies, Self.isInForce, .nothingInjects, "the policies exclude the namespace \(space)",
                advice: "remove it from injection.webhook.excludedNamespaces, or use another namespace")
        }
        return .ok(.policies, Self.isInForce, "policies inject Pods, and no webhook does")
    }
}
