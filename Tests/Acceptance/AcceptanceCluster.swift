import AsyncHTTPClient
import FakeKubernetesAPI
import Foundation
import HTTPTypes
import JSON
import Kubernetes
import Logging

@testable import GatewayServer

/// A cluster to review tokens: the real one of `STS_ACCEPTANCE_KUBECONFIG`, else the fake API server.
struct AcceptanceCluster: Sendable {
    /// The path of the kubeconfig for the gateway.
    let kubeconfig: String
    /// nil for a real cluster.
    let fake: FakeKubernetesAPI?
    let namespace: String
    private let client: KubernetesClient

    struct Refused: Error {
        let status: Int
        let answer: String
    }

    /// Runs `body` with a new namespace, which is deleted afterwards. The user of the kubeconfig must be allowed to
    /// create namespaces, ServiceAccounts, Pods, tokens and TokenReviews.
    static func run(_ body: (AcceptanceCluster) async throws -> Void) async throws {
        if let real = ProcessInfo.processInfo.environment["STS_ACCEPTANCE_KUBECONFIG"], !real.isEmpty {
            try await run(kubeconfig: real, fake: nil, body)
        } else {
            try await FakeKubernetesAPI.run(clock: { Date() }, sleep: FakeKubernetesAPI.realTime) { api in
                try await run(with: api, body)
            }
        }
    }

    /// Runs `body` with a new namespace of a fake API server.
    static func run(with api: FakeKubernetesAPI, _ body: (AcceptanceCluster) async throws -> Void) async throws {
        try await run(kubeconfig: api.kubeconfig.path, fake: api, body)
    }

    private static func run(
        kubeconfig: String, fake: FakeKubernetesAPI?, _ body: (AcceptanceCluster) async throws -> Void
    ) async throws {
        let (client, service) = try KubernetesConnection.make(
            kubeconfig: kubeconfig, environment: [:], serviceAccountFolder: "", at: Date(), limits: .init(),
            scheduler: .system { Date() }, logger: Logger(label: "acceptance") { _ in SwiftLogNoOpLogHandler() })
        let namespace = "sts-acceptance-\(UUID().uuidString.prefix(8).lowercased())"
        let cluster = AcceptanceCluster(kubeconfig: kubeconfig, fake: fake, namespace: namespace, client: client)
        let outcome: Result<Void, any Error>
        do {
            outcome = .success(try await cluster.withNamespace(namespace) { _ in try await body(cluster) })
        } catch {
            outcome = .failure(error)
        }
        try await service.shutdown()
        try outcome.get()
    }

    /// Creates a namespace, which is deleted after `body`, also where `body` fails.
    func withNamespace(_ name: String, _ body: (String) async throws -> Void) async throws {
        try await send(.post, "/api/v1/namespaces", ["metadata": ["name": .string(name)]])
        do {
            try await body(name)
        } catch {
            _ = try? await send(.delete, "/api/v1/namespaces/\(name)")
            throw error
        }
        try await send(.delete, "/api/v1/namespaces/\(name)")
    }

    @discardableResult
    func send(_ method: HTTPRequest.Method, _ path: String, _ body: JSONValue? = nil) async throws -> JSONValue {
        let reply = try await client.send(KubernetesRequest(method, path, body: body), at: Date())
        guard reply.isSuccess else {
            throw Refused(status: reply.status, answer: String(decoding: reply.body, as: UTF8.self))
        }
        return try JSONDecoder().decode(JSONValue.self, from: Data(reply.body))
    }

    private var path: String { "/api/v1/namespaces/\(namespace)" }

    /// Creates a ServiceAccount and a Pod of it, which is not scheduled: it need not run to have an identity.
    ///
    /// - Returns: the uid of the Pod.
    func addWorkload(serviceAccount: String, pod: String) async throws -> String {
        try await send(.post, "\(path)/serviceaccounts", ["metadata": ["name": .string(serviceAccount)]])
        let made = try await send(
            .post, "\(path)/pods",
            [
                "metadata": ["name": .string(pod)],
                "spec": [
                    "serviceAccountName": .string(serviceAccount), "schedulerName": "none",
                    "containers": [["name": "app", "image": "registry.k8s.io/pause:3.9"]],
                ],
            ])
        guard case .string(let uid)? = made["metadata"]?["uid"] else { throw Refused(status: 201, answer: made.text) }
        return uid
    }

    /// A token as the kubelet would project it.
    func token(serviceAccount: String, pod: String, uid: String, audiences: [String]) async throws -> String {
        let made = try await send(
            .post, "\(path)/serviceaccounts/\(serviceAccount)/token",
            [
                "apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest",
                "spec": [
                    "audiences": .array(audiences.map(JSONValue.string)), "expirationSeconds": 3600,
                    "boundObjectRef": [
                        "kind": "Pod", "apiVersion": "v1", "name": .string(pod), "uid": .string(uid),
                    ],
                ],
            ])
        guard case .string(let token)? = made["status"]?["token"] else {
            throw Refused(status: 201, answer: "no token")
        }
        return token
    }

    func deletePod(_ name: String) async throws {
        try await send(.delete, "\(path)/pods/\(name)", ["gracePeriodSeconds": 0])
    }
}
