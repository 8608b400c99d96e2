import FoundationEssentials
import GatewayCore
import GatewayTestSupport
import KubernetesTestSupport
import Testing

@testable import GatewayServer

@Suite("The serving identity in a directory", .hangs)
struct DirectoryServingIdentityTests {
    private let folder: TemporaryFolder
    private let time = TestScheduler()
    private let now = ExampleGateway.now
    private let policy = ServingPolicy(names: ServingReplica.names, timeToLive: 900)

    init() throws { folder = try TemporaryFolder() }

    private func store() throws -> DirectoryDocumentStore<ServingIdentity> {
        DirectoryDocumentStore(
            try PrivateDirectory(path: folder.path, logger: RecordedJSONLog().logger), scheduler: time.scheduler,
            logger: RecordedJSONLog().logger)
    }

    private func open() throws -> ServingIdentity {
        let store = try store()
        return try store.openAtStart("") { () throws(StoreError) in
            try ServingIdentityGenerator().first(
                try SelfSignedCA.former(in: store.directory), policy: policy, at: now)
        }.value
    }

    @Test("The identity of the first start is used at the next, with the CA bundle as a file")
    func restart() throws {
        let first = try open()
        #expect(try open() == first)
        #expect(try folder.read("serving-ca.pem") == first.bundle)
        #expect(try folder.permissions("serving.json") == 0o600)
        #expect(first.certificate.names == policy.names && first.issuing?.constraint != nil)
    }

    @Test("The CA of an earlier release is used until another one issues")
    func former() async throws {
        let former = try SelfSignedCA(from: now)
        try folder.write(try former.certificatePEM, to: "serving-ca.pem")
        try folder.write(former.keyPEM, to: "serving-ca-key.pem")
        let identity = try open()
        #expect(identity.bundle == (try former.certificatePEM) && identity.issuing?.constraint == nil)
        // The files of the earlier release are unchanged.
        #expect(try folder.read("serving-ca-key.pem") == former.keyPEM)
        let store = try store()
        let stored = try #require(try await store.load(""))
        let next = try ServingIdentityGenerator().next(.requested, policy: policy, at: now)
        let leaf = try ServingIdentityGenerator().certificate(policy.names, by: next, policy: policy, at: now)
        let active = try #require(
            identity.announcing(next, answering: nil).activating(next.id, certificate: leaf, at: now, policy: policy))
        _ = try await store.save(active, replacing: stored.version)
        #expect(!FileManager.default.fileExists(atPath: "\(folder.path)/serving-ca-key.pem"))
        #expect(try folder.read("serving-ca.pem") == active.bundle)
    }

    @Test("The gateway refuses to start with an invalid CA or identity, with a reason")
    func unusable() throws {
        try folder.write("garbage", to: "serving-ca.pem")
        try folder.write("garbage", to: "serving-ca-key.pem")
        #expect(throws: StoreError.self) { try open() }
        try folder.write(try SelfSignedCA(from: now).certificatePEM, to: "serving-ca.pem")
        try folder.write(try SelfSignedCA(from: now).keyPEM, to: "serving-ca-key.pem")
        #expect(throws: StoreError.self) { try open() }
        try folder.write("{\"version\": 9}", to: "serving.json")
        #expect(throws: StoreError.newerVersion(9, supported: 1)) { try open() }
    }

    @Test("A write that replaces another version is rejected")
    func conflict() async throws {
        let identity = try open()
        let store = try store()
        let stored = try #require(try await store.load(""))
        let second = try await store.save(identity.restored, replacing: stored.version)
        await #expect(throws: StoreError.conflict) {
            try await store.save(identity.restored, replacing: stored.version)
        }
        await #expect(throws: StoreError.conflict) { try await store.save(identity, replacing: nil) }
        #expect(try await store.load("")?.version == second)
    }

    @Test("Another process applies what is written, and the leader restores what is deleted")
    func watch() async throws {
        let first = try open()
        let leader = ServingReplica(try store(), time: time, leads: true)
        let other = ServingReplica(try store(), time: time, leads: false)
        try await leader.running {
            try await other.running {
                #expect(await leader.identity() == first)
                #expect(await other.identity() == first)
                leader.plan.replace(with: ServingPolicy(names: ServingReplica.names, timeToLive: 3_600))
                await leader.identity { $0.maximumTokenLifetime == 3_600 }
                // Both have polled.
                await time.waitForSleepers(2) { $0 == 1 }
                time.advance(by: 1)
                await other.identity { $0.maximumTokenLifetime == 3_600 }
                await time.waitForSleepers(2) { $0 == 1 }
                try FileManager.default.removeItem(atPath: "\(folder.path)/serving.json")
                time.advance(by: 1)
                let back = try #require(await leader.identity { $0.revision == 3 })
                #expect(back.authorities == first.authorities)
                #expect(try folder.read("serving.json").contains("PRIVATE KEY"))
            }
        }
    }
}
