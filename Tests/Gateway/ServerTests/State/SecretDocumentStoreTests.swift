import FakeKubernetesAPI
import FoundationEssentials
import GatewayCore
import GatewayTestSupport
import JSON
import Kubernetes
import KubernetesTestSupport
import Testing

@testable import GatewayServer

@Suite("Key rings in Secrets", .hangs)
struct SecretDocumentStoreTests {
    @Test("A ring is written as a Secret that kubectl can read, and read as it was written")
    func roundTrip() async throws {
        try await RingCluster.run { cluster in
            #expect(try await cluster.store.load("one") == nil)
            let written = try RingCluster.ring()
            let version = try await cluster.store.save(written, replacing: nil)
            let read = try #require(try await cluster.store.load("one"))
            #expect(read.version == version)
            #expect(read.value.publicKeys == written.publicKeys)
            #expect(try await cluster.store.load("two") == nil)

            let secret = try #require(cluster.secret())
            #expect(secret["type"] == "Opaque")
            #expect(
                secret["metadata"]?["labels"] == [
                    "app.kubernetes.io/managed-by": "sts-gateway", "sts-gateway.io/keyring": "one",
                ])
            guard case .string(let text)? = secret["data"]?["keyring.json"] else {
                Issue.record("no document")
                return
            }
            let document = try #require(Data(base64Encoded: text))
            #expect(try KeyRingDocument.decode(document, endpoint: "one").publicKeys == written.publicKeys)
        }
    }

    @Test("A write that replaces another version than the present one is a conflict, and changes nothing")
    func conflicts() async throws {
        try await RingCluster.run { cluster in
            let store = cluster.store
            let first = try await store.save(try RingCluster.ring(), replacing: nil)
            await #expect(throws: StoreError.conflict) {
                try await store.save(try RingCluster.ring(), replacing: nil)
            }
            let second = try await store.save(try RingCluster.ring(revision: 2), replacing: first)
            await #expect(throws: StoreError.conflict) {
                try await store.save(try RingCluster.ring(revision: 3), replacing: first)
            }
            #expect(try await store.load("one")?.version == second)
            // Another writer between the read and the write: only the API server detects it.
            for fault in [Fault.noFault, .status(409)] { cluster.api.fail(fault, path: cluster.path) }
            await #expect(throws: StoreError.conflict) {
                try await store.save(try RingCluster.ring(revision: 3), replacing: second)
            }
            #expect(try await store.load("one")?.version == second)
        }
    }

    @Test("A Secret that was deleted, or deleted and created again, is another version")
    func recreated() async throws {
        try await RingCluster.run { cluster in
            let store = cluster.store
            let first = try await store.save(try RingCluster.ring(), replacing: nil)
            try cluster.deleteSecret()
            await #expect(throws: StoreError.conflict) {
                try await store.save(try RingCluster.ring(revision: 2), replacing: first)
            }
            await #expect(throws: StoreError.conflict) { try await store.delete("one", version: first) }
            let recreated = try await store.save(try RingCluster.ring(), replacing: nil)
            #expect(recreated != first)
            await #expect(throws: StoreError.conflict) { try await store.delete("one", version: first) }
            try await store.delete("one", version: recreated)
            #expect(cluster.secret() == nil)
        }
    }

    @Test("Of many writers of a first ring exactly one wins")
    func race() async throws {
        try await RingCluster.run { cluster in
            let wins = await withTaskGroup(of: Bool.self) { group in
                for _ in 0..<16 {
                    group.addTask { (try? await cluster.store.save(try RingCluster.ring(), replacing: nil)) != nil }
                }
                return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect(wins == 1)
        }
    }

    @Test("Members that others have set on a Secret stay when its ring is written, and a removed label is restored")
    func foreignMembers() async throws {
        try await RingCluster.run { cluster in
            let store = cluster.store
            _ = try await store.save(try RingCluster.ring(), replacing: nil)
            try cluster.patchSecret([
                "metadata": [
                    "labels": ["team": "blue", "sts-gateway.io/keyring": .null],
                    "annotations": ["example.com/note": "kept"],
                    "ownerReferences": [["apiVersion": "v1", "kind": "ConfigMap", "name": "c", "uid": "u"]],
                ],
                "data": ["other": "b3RoZXI="],
            ])
            let stored = try #require(try await store.load("one"))
            #expect(try await store.names() == [])
            _ = try await store.save(try RingCluster.ring(revision: 2), replacing: stored.version)
            let secret = try #require(cluster.secret())
            let metadata = try #require(secret["metadata"])
            #expect(metadata["labels"]?["team"] == "blue")
            #expect(metadata["labels"]?["sts-gateway.io/keyring"] == "one")
            #expect(metadata["annotations"]?["example.com/note"] == "kept")
            #expect(metadata["ownerReferences"] != nil)
            #expect(secret["data"]?["other"] == "b3RoZXI=")
            #expect(try await store.names() == ["one"])
        }
    }

    @Test("The endpoints are those of the Secrets with the label, valid or not, in order and on many pages")
    func endpoints() async throws {
        var settings = Reflector.Settings()
        settings.pageSize = 2
        try await RingCluster.run(settings: settings) { cluster in
            for name in ["two", "one", "five", "three", "four"] { try cluster.addSecret("sts-keyring-\(name)", [:]) }
            try cluster.addSecret("copy-of-one", [:])
            try cluster.api.add(
                .secrets, namespace: FakeCluster.namespace, ["metadata": ["name": "sts-keyring-unlabelled"]])
            #expect(try await cluster.store.names() == ["five", "four", "one", "three", "two"])
        }
    }

    @Test("A key pair is read from a Secret, and an invalid one is reported with what to do")
    func keyPairs() async throws {
        try await RingCluster.run { cluster in
            let reader = KeyPairSecretReader(
                client: cluster.client, namespace: FakeCluster.namespace, scheduler: TestScheduler().scheduler)
            #expect(try await reader.read("signing") == nil)
            try cluster.api.add(
                .secrets, namespace: FakeCluster.namespace,
                [
                    "metadata": ["name": "signing"], "type": "kubernetes.io/tls",
                    "stringData": ["tls.crt": "a certificate", "tls.key": "a key"],
                ])
            let pair = try #require(try await reader.read("signing"))
            #expect(pair.certificatePEM == "a certificate")
            #expect(pair.keyPEM == "a key")
            var dumped = ""
            dump(pair, to: &dumped)
            #expect(!dumped.contains("a key") && !"\(pair)".contains("a key"))
            try cluster.addSecret("half", ["tls.crt": "a certificate"])
            await #expect(
                throws: StoreError.rejected(
                    "Secret sts-gateway/half has no text in the data key tls.key; create it with kubectl create secret tls"
                )
            ) { try await reader.read("half") }
        }
    }
}
