import Foundation
import GatewayCore
import GatewayTestSupport
import JOSE
import JSON
import KubernetesTestSupport
import Testing

@testable import GatewayServer

@Suite("Key rings in a directory")
struct DirectoryDocumentStoreTests {
    let folder: TemporaryFolder
    let store: DirectoryDocumentStore<KeyRing>

    init() throws {
        folder = try TemporaryFolder()
        store = DirectoryDocumentStore(
            try PrivateDirectory(path: folder.path + "/keys", logger: RecordedJSONLog().logger),
            scheduler: TestScheduler().scheduler,
            logger: RecordedJSONLog().logger)
    }

    private func ring(_ key: SigningKey = TestKeys.ec) throws -> KeyRing {
        let now = Date(timeIntervalSince1970: 1_778_251_200)
        let certificate = try KeyCertificate.selfSigned(for: key, endpoint: "one", from: now, lifetime: 86_400)
        return KeyRing(
            endpoint: "one", owner: "owner",
            keys: [KeyRing.Key(signingKey: key, state: .active, created: now, certificate: certificate)])
    }

    @Test("A ring is private to its owner, and read as it was written")
    func roundTrip() async throws {
        #expect(try await store.load("one") == nil)
        let written = try ring()
        let version = try await store.save(written, replacing: nil)
        let read = try #require(try await store.load("one"))
        #expect(read.version == version)
        #expect(read.value.publicKeys == written.publicKeys)
        #expect(try folder.permissions("keys") == 0o700)
        #expect(try folder.permissions("keys/one.keyring.json") == 0o600)
        #expect(try await store.load("two") == nil)
    }

    @Test("A write that replaces another version than the present one is a conflict, and changes nothing")
    func conflicts() async throws {
        let first = try await store.save(try ring(), replacing: nil)
        await #expect(throws: StoreError.conflict) { try await store.save(try ring(), replacing: nil) }
        let second = try await store.save(try ring(try SigningKey.generate(.es256)), replacing: first)
        await #expect(throws: StoreError.conflict) { try await store.save(try ring(), replacing: first) }
        #expect(try await store.load("one")?.version == second)
    }

    @Test("Of many writers of a first ring exactly one wins")
    func race() async throws {
        let wins = await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<16 {
                group.addTask { [store] in
                    do {
                        _ = try await store.save(try ring(try SigningKey.generate(.es256)), replacing: nil)
                        return true
                    } catch {
                        return false
                    }
                }
            }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(wins == 1)
    }

    @Test(
        "Invalid content, a directory instead of a file and an invalid path are reported, and nothing is overwritten")
    func failures() async throws {
        try folder.write("garbage", to: "keys/one.keyring.json")
        await #expect(throws: StoreError.self) { try await store.load("one") }
        await #expect(throws: StoreError.conflict) { try await store.save(try ring(), replacing: nil) }
        #expect(try folder.read("keys/one.keyring.json") == "garbage")
        try FileManager.default.createDirectory(
            atPath: folder.path + "/keys/two.keyring.json", withIntermediateDirectories: false)
        await #expect(throws: StoreError.unavailable("\(folder.path)/keys/two.keyring.json is not a regular file")) {
            try await store.load("two")
        }
        try folder.write("a file", to: "file")
        #expect(throws: StoreError.self) {
            try PrivateDirectory(path: folder.path + "/file", logger: RecordedJSONLog().logger)
        }
    }

    @Test("A temporary file of a crashed process has no effect")
    func leftovers() async throws {
        try folder.write("half a ring", to: "keys/one.keyring.json.new")
        #expect(try await store.load("one") == nil)
        _ = try await store.save(try ring(), replacing: nil)
        #expect(try await store.load("one") != nil)
    }
}
