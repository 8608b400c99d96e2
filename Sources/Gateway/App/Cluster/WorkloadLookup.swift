import GatewayCore
import GatewayServer
import JSON
import KubernetesAPI

/// A Pod of the API server.
struct WorkloadPod: Sendable {
    let namespace: String
    let name: String
    let uid: String
    let serviceAccount: String
    let isRunning: Bool
    /// Whether its containers were not all started yet.
    let isPending: Bool
    let json: JSONValue

    init?(_ json: JSONValue, namespace: String) {
        guard let name = json["metadata"]?["name"]?.stringValue, let uid = json["metadata"]?["uid"]?.stringValue else {
            return nil
        }
        self.namespace = json["metadata"]?["namespace"]?.stringValue ?? namespace
        self.name = name
        self.uid = uid
        let account = json["spec"]?["serviceAccountName"]?.stringValue ?? ""
        serviceAccount = account.isEmpty ? "default" : account
        let phase = json["status"]?["phase"]?.stringValue ?? "Pending"
        isPending = phase == "Pending"
        isRunning = json["metadata"]?["deletionTimestamp"] == nil && ["Running", "Pending"].contains(phase)
        self.json = json
    }
}

/// Reads workloads, and requests their tokens.
struct WorkloadLookup: Sendable {
    let cluster: CommandCluster

    /// Sends a call, and maps its failure.
    ///
    /// - Parameter permission: the verb and resource, such as `get on pods`.
    /// - Returns: nil for 404.
    func call(
        _ method: CommandCluster.Method, _ path: String, query: [(name: String, value: String)] = [],
        body: JSONValue? = nil, permission: String
    ) async throws(CommandFailure) -> JSONValue? {
        let reply: CommandCluster.Reply
        do {
            reply = try await cluster.send(method, path, query: query, body: body)
        } catch {
            throw CommandFailure(.apiServer, error.description, advice: "check the kubeconfig and the network")
        }
        switch reply.status {
        case 200..<300:
            guard let json = reply.json else {
                throw CommandFailure(.apiServer, "the API server's answer to \(permission) is not JSON")
            }
            return json
        case 404: return nil
        case 401:
            throw CommandFailure(
                .kubeconfigUnusable, "the API server does not accept the credentials (401)", advice: "sign in again")
        case 403 where reply.message.map { $0.contains("is forbidden: User") || $0.contains(" cannot ") } ?? true:
            throw CommandFailure(
                .permissionMissing, "not allowed to \(permission.replacing(" on ", with: " ")) (403)",
                advice: "bind a role with \(permission)", missingPermission: permission)
        default:
            throw CommandFailure(
                .apiServer, "\(permission): status \(reply.status)" + (reply.message.map { ": \($0)" } ?? ""))
        }
    }

    func pod(_ name: ServiceAccountName) async throws(CommandFailure) -> WorkloadPod {
        let path = "/api/v1/namespaces/\(name.namespace)/pods/\(name.name)"
        let found = try await call(.get, path, permission: "get on pods")
        guard let pod = found.flatMap({ WorkloadPod($0, namespace: name.namespace) }) else {
            throw CommandFailure(.workloadMissing, "there is no Pod \(name)", advice: "correct --pod NAMESPACE/NAME")
        }
        return pod
    }

    /// A running Pod of the ServiceAccount; nil where there is none.
    func runningPod(of account: ServiceAccountName) async throws(CommandFailure) -> WorkloadPod? {
        try await pods(
            in: account.namespace,
            query: [("fieldSelector", "spec.serviceAccountName=\(account.name),status.phase=Running")]
        ).first { $0.isRunning && $0.serviceAccount == account.name }
    }

    func pods(
        in namespace: String, query: [(name: String, value: String)]
    ) async throws(CommandFailure) -> [WorkloadPod] {
        let list = try await call(
            .get, "/api/v1/namespaces/\(namespace)/pods", query: query + [("limit", "200")],
            permission: "list on pods")
        return (list?["items"]?.elementList ?? []).compactMap { WorkloadPod($0, namespace: namespace) }
    }

    /// The namespace of the gateway's Pods; nil where there is not exactly one, or the Pods cannot be listed.
    func gatewayNamespace() async -> String? {
        let list = try? await call(
            .get, "/api/v1/pods", query: [("labelSelector", GatewayRouting.selector), ("limit", "200")],
            permission: "list on pods")
        let found = Set((list?["items"]?.elementList ?? []).compactMap { $0["metadata"]?["namespace"]?.stringValue })
        return found.count == 1 ? found.first.flatMap { KubernetesName.isLabel($0) ? $0 : nil } : nil
    }

    /// The ServiceAccount; throws where it does not exist.
    func serviceAccount(_ name: ServiceAccountName) async throws(CommandFailure) -> JSONValue {
        let path = "/api/v1/namespaces/\(name.namespace)/serviceaccounts/\(name.name)"
        guard let found = try await call(.get, path, permission: "get on serviceaccounts") else {
            throw CommandFailure(
                .workloadMissing, "there is no ServiceAccount \(name)",
                advice: "create it, or correct --service-account NAMESPACE/NAME")
        }
        return found
    }

    /// Requests a token of the ServiceAccount (TokenRequest, authentication.k8s.io/v1).
    ///
    /// - Parameter pod: what the token is bound to; nil for nothing.
    func token(
        of account: ServiceAccountName, boundTo pod: WorkloadPod?, audiences: [String]
    ) async throws(CommandFailure) -> String {
        var spec: [JSONValue.Member] = [
            .init("audiences", .array(audiences.map(JSONValue.string))), .init("expirationSeconds", 600),
        ]
        if let pod {
            spec.append(
                .init(
                    "boundObjectRef",
                    ["kind": "Pod", "apiVersion": "v1", "name": .string(pod.name), "uid": .string(pod.uid)]))
        }
        let body: JSONValue = [
            "apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": .object(spec),
        ]
        let path = "/api/v1/namespaces/\(account.namespace)/serviceaccounts/\(account.name)/token"
        guard let answer = try await call(.create, path, body: body, permission: "create on serviceaccounts/token")
        else {
            throw CommandFailure(
                .workloadMissing, "there is no ServiceAccount \(account), or its Pod is gone",
                advice: "correct --service-account or --pod")
        }
        guard let token = answer["status"]?["token"]?.stringValue, !token.isEmpty else {
            throw CommandFailure(.apiServer, "the API server's answer to a TokenRequest has no token")
        }
        return token
    }
}
