import FakeKubernetesAPI
import Foundation
import GatewayCore
import GatewayTestSupport
import JSON
import Kubernetes
import KubernetesTestSupport
import Testing

@testable import GatewayServer

/// Tests/Fixtures/StoredDocuments was written by release 0.1.0 in a key directory.
@Suite("Documents of an earlier release", .hangs)
struct StoredDocumentTests {
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appending(path: "../../../Fixtures/StoredDocuments").standardized

    private static func file(_ name: String) throws -> Data { try Data(contentsOf: folder.appending(path: name)) }
    private static func text(_ name: String) throws -> String { String(decoding: try file(name), as: UTF8.self) }

    @Test("A key ring is read with all its states, and written unchanged")
    func keyRing() throws {
        let document = try Self.file("one.keyring.json")
        let ring = try KeyRing(document: document, name: "one")
        #expect(ring.keys.map(\.state) == [.retiring, .active, .prepared])
        #expect(ring.revision == 5 && ring.revoked.count == 1 && ring.keypair?.isPresent == false)
        #expect(try ring.encoded() == document)
    }

    /// Release 0.1.0 ignores members that it does not have.
    @Test("A key ring with members of this release has all members of the earlier one, unchanged")
    func addedMember() throws {
        let document = try Self.file("one.keyring.json")
        let ring = try #require(
            try KeyRing(document: document, name: "one").recording(
                nil, location: "shelf://documents", invalidated: .init(keys: "1", discovery: "2")))
        let added = try JSONValue(parsing: Array(ring.encoded())).memberList
        let earlier = try JSONValue(parsing: Array(document)).memberList
        #expect(Set(added.map(\.name)).subtracting(earlier.map(\.name)) == ["invalidated", "location"])
        let shared = added.filter { !["invalidated", "location", "revision"].contains($0.name) }
        #expect(JSONValue.object(shared) == .object(earlier.filter { $0.name != "revision" }))
    }

    @Test("A serving identity is read, and written unchanged with its bundle")
    func servingIdentity() throws {
        let document = try Self.file("serving.json")
        let identity = try ServingIdentity(document: document, name: "")
        #expect(identity.issuing != nil && identity.certificate.names.dns == ["localhost"])
        #expect(try identity.encoded() == document)
        #expect(try Self.text("serving-ca.pem") == identity.bundle)
        _ = try ServingCertificate(chainPEM: identity.chainPEM, keyPEM: identity.certificate.key.pem)
    }

    @Test("A configuration is read, and written unchanged")
    func configuration() throws {
        let document = try Self.file("last-good-gateway.yaml")
        #expect(try LastValidConfiguration(document: document, name: "").encoded() == document)
    }

    @Test(
        "Both releases can use one store alternately: this one writes only its changes",
        arguments: StoreUnderTest.allCases)
    func turns(_ adapter: StoreUnderTest) async throws {
        let old = try Self.text("one.keyring.json")
        try await adapter.run { stores in
            try stores.put(old, "one")
            let stored = try #require(try await stores.rings.load("one"))
            _ = try await stores.rings.save(stored.value.restored, replacing: stored.version)
            let expected = old.replacing("\"revision\" : 5", with: "\"revision\" : 6")
            #expect(try stores.text("one") == expected)
            // The other release writes the next document.
            let next = expected.replacing("\"revision\" : 6", with: "\"revision\" : 7")
            try stores.put(next, "one")
            let again = try #require(try await stores.rings.load("one"))
            #expect(again.value.revision == 7 && again.value.owner == stored.value.owner)
            await #expect(throws: StoreError.conflict) {
                try await stores.rings.save(stored.value.restored, replacing: stored.version)
            }
        }
    }

    @Test("A key directory of an earlier release is opened without changes of file names and permissions")
    func directory() async throws {
        let folder = try TemporaryFolder()
        for name in ["one.keyring.json", "serving.json", "serving-ca.pem", "last-good-gateway.yaml"] {
            try folder.write(try Self.text(name), to: name)
        }
        let directory = try PrivateDirectory(path: folder.path, logger: RecordedJSONLog().logger)
        let (scheduler, logger) = (TestScheduler().scheduler, RecordedJSONLog().logger)
        let identities = DirectoryDocumentStore<ServingIdentity>(directory, scheduler: scheduler, logger: logger)
        let opened = try identities.openAtStart("") { () throws(StoreError) in
            throw .rejected("unexpected")
        }
        _ = try await identities.save(opened.value.restored, replacing: opened.version)
        let expected = try Self.text("serving.json").replacing("\"revision\" : 1", with: "\"revision\" : 2")
        #expect(try folder.read("serving.json") == expected)
        #expect(try folder.read("serving-ca.pem") == Self.text("serving-ca.pem"))
        let rings = DirectoryDocumentStore<KeyRing>(directory, scheduler: scheduler, logger: logger)
        #expect(try await rings.names() == ["one"])
        let configurations = DirectoryDocumentStore<LastValidConfiguration>(
            directory, scheduler: scheduler, logger: logger)
        let configuration = try #require(try await configurations.load(""))
        #expect(configuration.value.text == (try Self.text("last-good-gateway.yaml")))
        _ = try await configurations.save(LastValidConfiguration(text: "{}\n"), replacing: configuration.version)
        let files = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        let documents = files.filter { !$0.hasSuffix(".lock") }
        #expect(
            Set(documents) == ["one.keyring.json", "serving.json", "serving-ca.pem", "last-good-gateway.yaml"])
        for name in ["serving.json", "serving-ca.pem", "last-good-gateway.yaml"] {
            #expect(try folder.permissions(name) == 0o600)
        }
    }

    @Test("Secrets have the names, labels, data keys and type of an earlier release")
    func secrets() async throws {
        let identity = try ServingIdentity(document: try Self.file("serving.json"), name: "")
        let ring = try KeyRing(document: try Self.file("one.keyring.json"), name: "one")
        let text = try Self.text("last-good-gateway.yaml")
        let bundle = try Self.file("serving-ca.pem")
        let documents = (ring: try Self.file("one.keyring.json"), identity: try Self.file("serving.json"))
        try await FakeCluster.run { cluster in
            func save<Value: StateDocument>(_ value: Value) async throws {
                let store = SecretDocumentStore<Value>(
                    client: cluster.client, namespace: FakeCluster.namespace,
                    scheduler: TestScheduler(isImpatient: true).scheduler, logger: RecordedJSONLog().logger)
                _ = try await store.save(value, replacing: nil)
            }
            try await save(ring)
            try await save(identity)
            try await save(LastValidConfiguration(text: text))
            let manager = JSONValue.Member("app.kubernetes.io/managed-by", "sts-gateway")
            let expected: [(name: String, labels: [JSONValue.Member], data: [(String, Data)])] = [
                (
                    "sts-keyring-one", [manager, .init("sts-gateway.io/keyring", "one")],
                    [("keyring.json", documents.ring)]
                ),
                ("sts-gateway-serving", [manager], [("serving.json", documents.identity), ("ca.crt", bundle)]),
                ("sts-gateway-configuration", [manager], [("gateway.yaml", Data(text.utf8))]),
            ]
            for (name, labels, data) in expected {
                let secret = try #require(
                    cluster.api.object(.secrets, namespace: FakeCluster.namespace, name: name))
                #expect(secret["type"] == "Opaque")
                #expect(secret["metadata"]?["labels"] == .object(labels))
                guard case .object(let members)? = secret["data"] else {
                    Issue.record("no data")
                    continue
                }
                #expect(members.count == data.count)
                for (key, content) in data {
                    #expect(secret["data"]?[key] == .string(content.base64EncodedString()))
                }
            }
        }
    }
}
