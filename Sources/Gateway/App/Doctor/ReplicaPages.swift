import GatewayCore
import GatewayServer

/// The Pods of the gateway, and the pages of their admin listeners.
struct ReplicaPages: Sendable {
    let context: DoctorContext
    let lookup: WorkloadLookup

    /// At most these many are read.
    static let maximumPods = 20

    /// Those of the Deployment, not those of Jobs.
    func pods(in space: String) async throws(CommandFailure) -> [WorkloadPod] {
        try await lookup.pods(in: space, query: [("labelSelector", GatewayRouting.selector)]).filter { !$0.isOfJob }
    }

    /// Reads a page of the admin listener through the API server's proxy. A 503 of `/readyz` is an answer.
    func text(
        of pod: WorkloadPod, _ path: String, query: [(name: String, value: String)] = []
    ) async throws(CommandFailure) -> String {
        let port = context.configuration.listeners.admin.port
        let proxy = "/api/v1/namespaces/\(pod.namespace)/pods/\(pod.name):\(port)/proxy"
        let reply: CommandCluster.Reply
        do {
            reply = try await lookup.cluster.send(.get, proxy + path, query: query)
        } catch {
            throw CommandFailure(.gatewayUnreachable, "\(error)")
        }
        if reply.status == 403, reply.message != nil {
            throw CommandFailure(
                .permissionMissing, "not allowed to get pods/proxy (403)", advice: "bind a role with get on pods/proxy",
                missingPermission: "get on pods/proxy")
        }
        let text = String(decoding: reply.body, as: UTF8.self)
        guard reply.isSuccess || reply.status == 503 && text.contains("readyz check failed") else {
            throw CommandFailure(
                .gatewayUnreachable,
                "the admin listener does not answer (\(reply.status))\(reply.message.map { ": \($0)" } ?? "")",
                advice: "see the log of the Pod")
        }
        return text
    }
}
