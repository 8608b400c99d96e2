import FoundationEssentials
import GatewayCore
import GatewayServer
import JSON
import KubernetesAPI

/// Checks the API server, its clock, and the permissions of the person who runs the command.
struct APIServerCheck: Sendable {
    let context: DoctorContext
    let cluster: CommandCluster

    static let version = "version"

    /// A permission that a check needs.
    struct Permission: Sendable {
        let verb: String
        let resource: String
        var subresource = ""
        var group = ""
        /// nil for all namespaces.
        var namespace: String?
        var name = ""

        var text: String {
            "\(verb) on \(resource)\(subresource.isEmpty ? "" : "/\(subresource)")"
                + (namespace.map { " in \($0)" } ?? "")
        }

        var attributes: JSONValue {
            var members: [JSONValue.Member] = [
                .init("verb", .string(verb)), .init("group", .string(group)), .init("resource", .string(resource)),
            ]
            if !subresource.isEmpty { members.append(.init("subresource", .string(subresource))) }
            if let namespace { members.append(.init("namespace", .string(namespace))) }
            if !name.isEmpty { members.append(.init("name", .string(name))) }
            return .object(members)
        }
    }

    /// - Parameter workload: the namespace of the workload; nil for none.
    func findings(workload: String?) async -> [DoctorFinding] {
        var findings = [await versionFinding()]
        guard findings[0].status == .ok else { return findings }
        if let ahead = cluster.clockDifference, abs(ahead) > ClockReading.tolerance {
            findings.append(
                .warning(
                    .cluster, "clock", .clock,
                    "this machine's clock is \(Int(abs(ahead))) s \(ahead > 0 ? "ahead of" : "behind") the API server's",
                    advice: "synchronize both clocks (NTP)"))
        }
        findings.append(await permissions(needed(workload)))
        return findings
    }

    private func versionFinding() async -> DoctorFinding {
        do throws(CommandFailure) {
            let version = try await WorkloadLookup(cluster: cluster).call(
                .get, "/version", permission: "get on /version")
            guard let text = version?["gitVersion"]?.stringValue else {
                return .failed(
                    .cluster, Self.version, .apiServer, "\(cluster.address) is no API server",
                    advice: "correct the server of the kubeconfig")
            }
            return .ok(.cluster, Self.version, "\(text) at \(cluster.address)")
        } catch {
            return .failed(.cluster, Self.version, error.code, error.cause, advice: error.advice)
        }
    }

    private func needed(_ workload: String?) -> [Permission] {
        var needed = [
            Permission(
                verb: "get", resource: "mutatingwebhookconfigurations", group: "admissionregistration.k8s.io")
        ]
        if context.configuration.injection.admission != .webhook {
            needed += KubernetesResource.admissionPolicies.map {
                Permission(verb: "get", resource: $0.plural, group: $0.group)
            }
        }
        if context.configuration.injection.nodeDriver != nil {
            needed += [
                Permission(verb: "get", resource: "csidrivers", group: "storage.k8s.io"),
                Permission(verb: "list", resource: "daemonsets", group: "apps"),
            ]
        }
        if let space = context.namespace {
            needed += [
                Permission(verb: "list", resource: "pods", namespace: space),
                Permission(verb: "get", resource: "pods", subresource: "proxy", namespace: space),
                Permission(verb: "get", resource: "leases", group: "coordination.k8s.io", namespace: space),
            ]
        }
        if let workload {
            needed += [
                Permission(verb: "get", resource: "pods", namespace: workload),
                Permission(verb: "create", resource: "pods", namespace: workload),
                Permission(verb: "get", resource: "serviceaccounts", namespace: workload),
                Permission(verb: "create", resource: "serviceaccounts", subresource: "token", namespace: workload),
                Permission(verb: "create", resource: "tokenreviews", group: "authentication.k8s.io"),
            ]
        }
        return needed
    }

    private func permissions(_ needed: [Permission]) async -> DoctorFinding {
        var missing: [String] = []
        for permission in needed {
            do throws(CommandFailure) {
                guard try await Self.isAllowed(permission, for: nil, cluster) else {
                    missing.append(permission.text)
                    continue
                }
            } catch {
                return .failure(.cluster, "permissions", error)
            }
        }
        guard missing.isEmpty else {
            return .notChecked(
                .cluster, "permissions", "this identity lacks \(missing.joined(separator: ", "))",
                advice: "bind the example ClusterRole of docs/doctor.md for a complete report")
        }
        return .ok(.cluster, "permissions", "all that the checks need")
    }

    /// Asks the API server (authorization.k8s.io).
    ///
    /// - Parameter user: nil for the identity of this command.
    static func isAllowed(
        _ permission: Permission, for user: String?, _ cluster: CommandCluster
    ) async throws(CommandFailure) -> Bool {
        let kind = user == nil ? "SelfSubjectAccessReview" : "SubjectAccessReview"
        var spec: [JSONValue.Member] = [.init("resourceAttributes", permission.attributes)]
        if let user { spec.append(.init("user", .string(user))) }
        let body: JSONValue = [
            "apiVersion": "authorization.k8s.io/v1", "kind": .string(kind), "spec": .object(spec),
        ]
        let plural = kind.lowercased() + "s"
        let answer = try await WorkloadLookup(cluster: cluster).call(
            .create, "/apis/authorization.k8s.io/v1/\(plural)", body: body, permission: "create on \(plural)")
        return answer?["status"]?["allowed"] == .bool(true)
    }
}
