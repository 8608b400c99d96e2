import FakeKubernetesAPI
import FoundationEssentials
import GatewayCore
import GatewayTestSupport
import JSON
import Kubernetes
import KubernetesAPI
import KubernetesTestSupport
import Testing

@testable import GatewayServer

@Suite("Problems of a key ring's Secret", .hangs)
struct SecretDocumentFailureTests {
    private func failure(_ body: () async throws -> Void) async -> StoreError? {
        do {
            try await body()
            return nil
        } catch {
            return error as? StoreError
        }
    }

    @Test(
        "A Secret without a valid ring is reported, not overwritten, and does not affect others",
        arguments: [
            ([:], "no data key keyring.json"),
            (["keyring.json": "garbage"], "expected a JSON object with the member version"),
            (
                ["keyring.json": "{\"version\": 1, \"endpoint\": \"two\", \"keys\": []}"],
                "it belongs to endpoint \"two\""
            ),
            (["keyring.json": "{\"version\": 1, \"endpoint\": \"one\", \"keys\": []}"], "no key"),
        ] as [([String: String], String)])
    func garbage(_ data: [String: String], _ text: String) async throws {
        try await RingCluster.run { cluster in
            _ = try await cluster.store.save(try RingCluster.ring(endpoint: "good"), replacing: nil)
            try cluster.addSecret("sts-keyring-one", data)
            let failure = await failure { _ = try await cluster.store.load("one") }
            guard case .malformed(let why)? = failure else {
                Issue.record("\(String(describing: failure))")
                return
            }
            #expect(why.hasPrefix("key ring in Secret sts-gateway/sts-keyring-one: ") && why.contains(text), "\(why)")
            let before = cluster.secret()
            await #expect(throws: StoreError.conflict) {
                try await cluster.store.save(try RingCluster.ring(), replacing: nil)
            }
            #expect(cluster.secret() == before)
            #expect(try await cluster.store.load("good") != nil)
            #expect(try await cluster.store.names() == ["good", "one"])
        }
    }

    @Test("A ring of a newer version is reported as such")
    func newerVersion() async throws {
        try await RingCluster.run { cluster in
            try cluster.addSecret("sts-keyring-one", ["keyring.json": "{\"version\": 9}"])
            #expect(
                await failure { _ = try await cluster.store.load("one") } == .newerVersion(9, supported: 2))
        }
    }

    @Test(
        "Without permission the words name the verb, secrets and the namespace",
        arguments: ["get", "list", "create", "update"])
    func forbidden(_ verb: String) async throws {
        try await RingCluster.run { cluster in
            let store = cluster.store
            let version = try await store.save(try RingCluster.ring(), replacing: nil)
            cluster.api.deny(verb, "secrets")
            let failure = await failure {
                switch verb {
                case "get": _ = try await store.load("one")
                case "list": _ = try await store.names()
                case "create": _ = try await store.save(try RingCluster.ring(endpoint: "two"), replacing: nil)
                default: _ = try await store.save(try RingCluster.ring(revision: 2), replacing: version)
                }
            }
            #expect(
                failure?.description
                    == "the key store is unavailable: not allowed to \(verb) secrets in namespace "
                    + "\"sts-gateway\" (403); bind the ServiceAccount to a Role with the verb \(verb) on secrets there")
        }
    }

    @Test("Without permission to delete, the error has the kubectl command that deletes the Secret")
    func forbiddenDeletion() async throws {
        try await RingCluster.run { cluster in
            let store = cluster.store
            let version = try await store.save(try RingCluster.ring(), replacing: nil)
            cluster.api.deny("delete", "secrets")
            let failure = await failure { try await store.delete("one", version: version) }
            #expect(
                failure
                    == .rejected(
                        "not allowed to delete the Secret sts-gateway/sts-keyring-one (403); delete it with an "
                            + "administrator's rights: kubectl --namespace sts-gateway delete secret sts-keyring-one"))
            #expect(try await store.load("one") != nil)
        }
    }

    @Test("An immutable Secret, a namespace that is not there and an API server that fails are reported")
    func refusals() async throws {
        try await RingCluster.run { cluster in
            let store = cluster.store
            _ = try await store.save(try RingCluster.ring(), replacing: nil)
            try cluster.patchSecret(["immutable": true])
            let version = try #require(try await store.load("one")?.version)
            var failure = await failure {
                _ = try await store.save(try RingCluster.ring(revision: 2), replacing: version)
            }
            #expect(failure?.description.contains("Secret sts-gateway/sts-keyring-one is immutable; delete it") == true)

            let elsewhere = SecretDocumentStore<KeyRing>(
                client: cluster.client, namespace: "nowhere", scheduler: TestScheduler().scheduler,
                logger: RecordedJSONLog().logger)
            failure = await self.failure { _ = try await elsewhere.save(try RingCluster.ring(), replacing: nil) }
            #expect(failure?.description.contains("namespace not found") == true, "\(String(describing: failure))")

            cluster.api.fail(.status(500))
            failure = await self.failure { _ = try await store.load("one") }
            #expect(failure?.description.contains("the API server failed") == true)
            cluster.api.fail(.reply(404, contentType: "text/html", body: "<html>"))
            failure = await self.failure { _ = try await store.load("one") }
            #expect(failure?.description.contains("unexpected status 404") == true)
        }
    }

    @Test("No failure and no description contains a part of a key")
    func secrecy() async throws {
        try await RingCluster.run { cluster in
            try cluster.addSecret("sts-keyring-one", ["keyring.json": "{\"version\": 1, \"endpoint\": \"hidden\"}"])
            let failure = await failure { _ = try await cluster.store.load("one") }
            #expect(failure?.description.contains("hidden") == false)
            let collection = KubernetesCollection(
                client: cluster.client, resource: .secrets, namespace: FakeCluster.namespace,
                scheduler: TestScheduler().scheduler)
            let object = try #require(try await collection.get("sts-keyring-one"))
            var dumped = ""
            dump(object, to: &dumped)
            dump(Secret(object), to: &dumped)
            #expect(!dumped.contains("keyring.json") && !"\(object) \(Secret(object))".contains("keyring.json"))
        }
    }
}
