import FakeKubernetesAPI
import FoundationEssentials
import GatewayCore
import GatewayTestSupport
import JOSE
import JSON
import Kubernetes
import KubernetesTestSupport

@testable import GatewayServer

/// A fake API server with a store of key rings in its Secrets.
struct RingCluster: Sendable {
    let api: FakeKubernetesAPI
    let client: KubernetesClient
    let store: SecretDocumentStore<KeyRing>
    let log: RecordedJSONLog

    /// The ring of endpoint `one`.
    let path = APIResource.secrets.path(namespace: FakeCluster.namespace, name: "sts-keyring-one")

    static func run(
        settings: Reflector.Settings = .init(), time: TestScheduler = TestScheduler(isImpatient: true),
        _ body: @Sendable (RingCluster) async throws -> Void
    ) async throws {
        try await FakeCluster.run { cluster in
            let log = RecordedJSONLog()
            let store = SecretDocumentStore<KeyRing>(
                client: cluster.client, namespace: FakeCluster.namespace, scheduler: time.scheduler,
                settings: settings,
                logger: log.logger)
            try await body(RingCluster(api: cluster.api, client: cluster.client, store: store, log: log))
        }
    }

    static func ring(
        _ key: SigningKey = TestKeys.ec, endpoint: String = "one", revision: Int = 1
    ) throws -> KeyRing {
        let now = ExampleGateway.now
        let certificate = try KeyCertificate.selfSigned(for: key, endpoint: endpoint, from: now, lifetime: 86_400)
        return KeyRing(
            endpoint: endpoint, owner: "owner", revision: revision,
            keys: [KeyRing.Key(signingKey: key, state: .active, created: now, certificate: certificate)])
    }

    func secret(_ name: String = "sts-keyring-one") -> JSONValue? {
        api.object(.secrets, namespace: FakeCluster.namespace, name: name)
    }

    /// A Secret with the label of a ring.
    func addSecret(_ name: String, _ data: [String: String]) throws {
        let texts = data.map { JSONValue.Member($0.key, .string($0.value)) }
        try api.add(
            .secrets, namespace: FakeCluster.namespace,
            [
                "metadata": ["name": .string(name), "labels": ["sts-gateway.io/keyring": "any"]],
                "stringData": .object(texts),
            ])
    }

    func patchSecret(_ patch: JSONValue, name: String = "sts-keyring-one") throws {
        try api.patch(.secrets, namespace: FakeCluster.namespace, name: name, patch)
    }

    func deleteSecret(_ name: String = "sts-keyring-one") throws {
        try api.delete(.secrets, namespace: FakeCluster.namespace, name: name)
    }
}
