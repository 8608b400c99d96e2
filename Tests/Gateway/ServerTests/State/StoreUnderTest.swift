import FakeKubernetesAPI
import Foundation
import GatewayCore
import GatewayTestSupport
import JSON
import Kubernetes
import KubernetesTestSupport

@testable import GatewayServer

/// The two adapters of ``DocumentStore``.
enum StoreUnderTest: CaseIterable, Sendable {
    case directory
    case secrets

    /// The stores of all documents, and functions to change them as another process.
    struct Stores: Sendable {
        let rings: any DocumentStore<KeyRing>
        let identities: any DocumentStore<ServingIdentity>
        let configurations: any DocumentStore<LastValidConfiguration>
        let log: RecordedJSONLog
        /// Replaces the text of a key ring, as another program does; nil deletes it.
        let put: @Sendable (_ text: String?, _ endpoint: String) throws -> Void
        /// Returns the stored text of an endpoint.
        let text: @Sendable (_ endpoint: String) throws -> String?
        /// Lets a waiting watch poll.
        let poll: @Sendable () async -> Void
    }

    func run(_ body: @Sendable (Stores) async throws -> Void) async throws {
        switch self {
        case .directory: try await Self.inDirectory(body)
        case .secrets: try await FakeCluster.run { try await body(Self.stores(in: $0)) }
        }
    }

    private static func inDirectory(_ body: @Sendable (Stores) async throws -> Void) async throws {
        let folder = try TemporaryFolder()
        let directory = try PrivateDirectory(path: folder.path, logger: RecordedJSONLog().logger)
        let (time, log) = (TestScheduler(), RecordedJSONLog())
        func store<Value: StateDocument>() -> DirectoryDocumentStore<Value> {
            DirectoryDocumentStore(directory, scheduler: time.scheduler, logger: log.logger)
        }
        try await body(
            Stores(
                rings: store(), identities: store(), configurations: store(), log: log,
                put: { text, endpoint in
                    let file = "\(endpoint).keyring.json"
                    if let text {
                        try folder.write(text, to: file)
                    } else {
                        try FileManager.default.removeItem(atPath: "\(folder.path)/\(file)")
                    }
                }, text: { try? folder.read("\($0).keyring.json") },
                poll: {
                    await time.waitForSleeper { $0 == 1 }
                    time.advance(by: 1)
                }))
    }

    private static func stores(in cluster: FakeCluster) -> Stores {
        let (time, log) = (TestScheduler(isImpatient: true), RecordedJSONLog())
        func store<Value: StateDocument>() -> SecretDocumentStore<Value> {
            SecretDocumentStore(
                client: cluster.client, namespace: FakeCluster.namespace, scheduler: time.scheduler,
                logger: log.logger)
        }
        let namespace = FakeCluster.namespace
        return Stores(
            rings: store(), identities: store(), configurations: store(), log: log,
            put: { text, endpoint in
                let name = "sts-keyring-\(endpoint)"
                guard let text else { return try cluster.api.delete(.secrets, namespace: namespace, name: name) }
                let data: JSONValue = ["keyring.json": .string(Data(text.utf8).base64EncodedString())]
                if cluster.api.object(.secrets, namespace: namespace, name: name) != nil {
                    try cluster.api.patch(.secrets, namespace: namespace, name: name, ["data": data])
                } else {
                    let labels: JSONValue = ["sts-gateway.io/keyring": .string(endpoint)]
                    try cluster.api.add(
                        .secrets, namespace: namespace,
                        ["metadata": ["name": .string(name), "labels": labels], "data": data])
                }
            },
            text: { endpoint in
                let secret = cluster.api.object(.secrets, namespace: namespace, name: "sts-keyring-\(endpoint)")
                guard case .string(let text)? = secret?["data"]?["keyring.json"] else { return nil }
                return Data(base64Encoded: text).map { String(decoding: $0, as: UTF8.self) }
            }, poll: {})
    }
}
