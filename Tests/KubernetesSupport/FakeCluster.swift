package import FakeKubernetesAPI
import FoundationEssentials
package import Kubernetes
package import KubernetesAPI
import Logging

/// A fake API server with a running client.
package struct FakeCluster: Sendable {
    package static let namespace = FakeKubernetesAPI.clientNamespace
    package static let secrets = APIResource.secrets.path(namespace: namespace)
    package static let leases = APIResource.leases.path(namespace: namespace)

    package let api: FakeKubernetesAPI
    package let client: KubernetesClient

    package init(api: FakeKubernetesAPI, client: KubernetesClient) {
        self.api = api
        self.client = client
    }

    /// - Parameter time: the time of the client's calls.
    package static func run(
        limits: KubernetesClient.Limits = .patient, time: ManualScheduler = ManualScheduler(),
        _ body: @Sendable (FakeCluster) async throws -> Void
    ) async throws {
        let now = ManualScheduler.start
        try await FakeKubernetesAPI.run(clock: { now }, sleep: FakeKubernetesAPI.endless) { api in
            let access = try ClusterAccess.inCluster(
                environment: [
                    "KUBERNETES_SERVICE_HOST": FakeKubernetesAPI.host, "KUBERNETES_SERVICE_PORT": String(api.port),
                ], folder: api.serviceAccountFolder.path)
            try await LocalAPIServer.client(access, at: now, limits: limits, time: time) { client in
                try await body(FakeCluster(api: api, client: client))
            }
        }
    }

    package func collection(
        _ resource: KubernetesResource = .secrets, _ time: ManualScheduler = ManualScheduler(isImpatient: true)
    ) -> KubernetesCollection {
        KubernetesCollection(
            client: client, resource: resource, namespace: Self.namespace, scheduler: time.scheduler)
    }

    /// Runs `work` while `body` runs, then cancels it and waits until it has ended.
    package static func running<Value: Sendable>(
        _ work: @escaping @Sendable () async -> Void, _ body: () async throws -> Value
    ) async rethrows -> Value {
        let task = Task { await work() }
        do {
            let value = try await body()
            task.cancel()
            await task.value
            return value
        } catch {
            task.cancel()
            await task.value
            throw error
        }
    }
}
