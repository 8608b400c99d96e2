import FakeKubernetesAPI
import FoundationEssentials
import GatewayCore
import GatewayTestSupport
import Logging
import Synchronization

@testable import GatewayServer

/// A stand-in API server with a client of it that runs.
struct StoodInCluster: Sendable {
    static let namespace = FakeKubernetesAPI.clientNamespace
    static let secrets = APIResource.secrets.path(namespace: namespace)
    static let leases = APIResource.leases.path(namespace: namespace)

    let api: FakeKubernetesAPI
    let client: KubernetesClient

    /// - Parameter time: ends the client's calls when it is moved.
    static func run(
        limits: KubernetesClient.Limits = .patient, time: ManualPacing = ManualPacing(),
        _ body: @Sendable (StoodInCluster) async throws -> Void
    ) async throws {
        try await FakeKubernetesAPI.run(
            clock: { ExampleGateway.now }, sleep: FakeKubernetesAPI.endless
        ) { api in
            let (client, service) = try KubernetesConnection.make(
                kubeconfig: nil,
                environment: [
                    "KUBERNETES_SERVICE_HOST": FakeKubernetesAPI.host, "KUBERNETES_SERVICE_PORT": String(api.port),
                ],
                serviceAccountFolder: api.serviceAccountFolder.path, at: ExampleGateway.now, limits: limits,
                pacing: time.pacing, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
            try await LocalAPIServer.running(service) {
                try await body(StoodInCluster(api: api, client: client))
            }
        }
    }

    func collection(
        _ resource: KubernetesResource = .secrets, _ time: ManualPacing = ManualPacing(isImpatient: true)
    ) -> KubernetesCollection {
        KubernetesCollection(client: client, resource: resource, namespace: Self.namespace, pacing: time.pacing)
    }

    /// Runs `work` while `body` runs, then cancels it and waits for its end.
    static func running<Value: Sendable>(
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

extension KubernetesClient.Limits {
    /// For servers that answer, on a machine of any speed: what goes by the HTTP client's own clock never comes first.
    static var patient: KubernetesClient.Limits {
        var limits = KubernetesClient.Limits()
        limits.connectTimeout = HangDeadline.seconds
        limits.watchIdleTimeout = HangDeadline.seconds
        return limits
    }
}

/// What somebody told, in order, for a test to await.
final class Told<Element: Sendable>: Sendable {
    private struct State {
        var elements: [Element] = []
        var waiter: AsyncStream<Never>.Continuation?
    }

    private let state = Mutex(State())

    func add(_ element: Element) {
        let waiter = state.withLock { state in
            state.elements.append(element)
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.finish()
    }

    /// The next elements up to and with the first that matches; those so far where cancelled.
    func upTo(_ matches: (Element) -> Bool) async -> [Element] {
        var found: [Element] = []
        while !Task.isCancelled {
            let (stream, continuation) = AsyncStream.makeStream(of: Never.self)
            let next = state.withLock { state -> Element? in
                guard state.elements.isEmpty else { return state.elements.removeFirst() }
                state.waiter = continuation
                return nil
            }
            guard let next else {
                for await _ in stream {}
                continue
            }
            found.append(next)
            if matches(next) { break }
        }
        return found
    }
}
