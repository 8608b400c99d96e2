import FakeKubernetesAPI
import FoundationEssentials
import GatewayCore
import GatewayTestSupport
import JSON
import KubernetesTestSupport
import Synchronization
import Testing

@testable import GatewayServer

@Suite("Watching the key rings in Secrets", .hangs)
struct SecretDocumentWatchTests {
    private static func word(_ news: DocumentNews<KeyRing>) -> String {
        switch news {
        case .document(let stored): "\(stored.value.endpoint) \(stored.value.revision)"
        case .unusable(let endpoint, .newerVersion, _): "\(endpoint) newer"
        case .unusable(let endpoint, .malformed, _): "\(endpoint) malformed"
        case .unusable(let endpoint, _, _): "\(endpoint) unavailable"
        case .missing(let endpoint): "\(endpoint) gone"
        case .confirmed: "confirmed"
        }
    }

    private func watching(
        time: TestScheduler = TestScheduler(isImpatient: true),
        prepare: @Sendable (RingCluster) async throws -> Void = { _ in },
        _ body: @Sendable (RingCluster, Recorder<String>) async throws -> Void
    ) async throws {
        try await RingCluster.run(time: time) { cluster in
            try await prepare(cluster)
            let recorded = Recorder<String>()
            try await FakeCluster.running {
                await cluster.store.watch { recorded.add(Self.word($0)) }
            } _: {
                try await body(cluster, recorded)
            }
        }
    }

    private static let confirmed: @Sendable (String) -> Bool = { $0 == "confirmed" }

    @Test("All rings are reported first, then each change, with a confirmation")
    func changes() async throws {
        try await watching { cluster in
            _ = try await cluster.store.save(try RingCluster.ring(), replacing: nil)
            try cluster.addSecret("sts-keyring-bad", ["keyring.json": "garbage"])
            try cluster.addSecret("unrelated", [:])
        } _: { cluster, recorded in
            #expect(await recorded.upTo(Self.confirmed) == ["bad malformed", "one 1", "confirmed"])
            let stored = try #require(try await cluster.store.load("one"))
            _ = try await cluster.store.save(try RingCluster.ring(revision: 2), replacing: stored.version)
            #expect(await recorded.upTo(Self.confirmed) == ["one 2", "confirmed"])
            _ = try await cluster.store.save(try RingCluster.ring(endpoint: "two"), replacing: nil)
            #expect(await recorded.upTo(Self.confirmed) == ["two 1", "confirmed"])
            let newer = Data("{\"version\": 9}".utf8).base64EncodedString()
            try cluster.patchSecret(["data": ["keyring.json": .string(newer)]])
            #expect(await recorded.upTo(Self.confirmed) == ["one newer", "confirmed"])
            try cluster.deleteSecret()
            #expect(await recorded.upTo(Self.confirmed) == ["one gone", "confirmed"])
            cluster.api.sendBookmarks()
            #expect(await recorded.upTo(Self.confirmed) == ["confirmed"])
        }
    }

    @Test("A ring whose Secret has lost its label is not missing, and is read with every list")
    func unlabelled() async throws {
        let time = TestScheduler(isImpatient: true)
        try await watching(time: time) { cluster in
            _ = try await cluster.store.save(try RingCluster.ring(), replacing: nil)
        } _: { cluster, recorded in
            _ = await recorded.upTo(Self.confirmed)
            await cluster.api.waitForWatches(1)
            try cluster.patchSecret(["metadata": ["labels": ["sts-gateway.io/keyring": .null]]])
            #expect(await recorded.upTo(Self.confirmed) == ["one 1", "confirmed"])
            #expect(cluster.log.text.contains("has lost its label"))
            time.pass(301)
            cluster.api.endWatches()
            #expect(await recorded.upTo(Self.confirmed) == ["one 1", "confirmed"])
            // Deleted without its label: the watch has no event, the next list reads it.
            await cluster.api.waitForWatches(1)
            try cluster.deleteSecret()
            time.pass(301)
            cluster.api.endWatches()
            #expect(await recorded.upTo(Self.confirmed) == ["one gone", "confirmed"])
        }
    }

    @Test("A ring without its label from the start is watched after it was loaded")
    func unlabelledFromStart() async throws {
        try await watching { cluster in
            _ = try await cluster.store.save(try RingCluster.ring(), replacing: nil)
            try cluster.patchSecret(["metadata": ["labels": ["sts-gateway.io/keyring": .null]]])
            #expect(try await cluster.store.load("one") != nil)
        } _: { cluster, recorded in
            #expect(await recorded.upTo(Self.confirmed) == ["one 1", "confirmed"])
            try cluster.patchSecret(["metadata": ["labels": ["sts-gateway.io/keyring": "one"]]])
            #expect(await recorded.upTo(Self.confirmed) == ["one 1", "confirmed"])
        }
    }

    @Test("Nothing is confirmed while the state of a ring is not known")
    func unknown() async throws {
        let time = TestScheduler(random: 1)
        try await watching(time: time) { cluster in
            _ = try await cluster.store.save(try RingCluster.ring(), replacing: nil)
        } _: { cluster, recorded in
            _ = await recorded.upTo(Self.confirmed)
            await cluster.api.waitForWatches(1)
            cluster.api.fail(.status(500), next: 2, path: cluster.path)
            try cluster.deleteSecret()
            await time.waitForSleeper { $0 == 0.5 }
            time.advance(by: 0.5)
            await time.waitForSleeper { $0 == 1 }
            time.advance(by: 1)
            #expect(await recorded.upTo(Self.confirmed) == ["one gone", "confirmed"])
        }
    }

    @Test("A ring that another replica writes is reported by the watch, and none of five hundred others is read again")
    func many() async throws {
        try await watching { cluster in
            for index in 0..<500 {
                try cluster.addSecret("sts-keyring-e\(index)", ["keyring.json": "{\"version\": 9}"])
            }
        } _: { cluster, recorded in
            #expect(await recorded.upTo(Self.confirmed).count == 501)
            await cluster.api.waitForWatches(1)
            let before = cluster.api.requests.count
            _ = try await cluster.store.save(try RingCluster.ring(), replacing: nil)
            #expect(await recorded.upTo(Self.confirmed) == ["one 1", "confirmed"])
            // The write.
            #expect(cluster.api.requests.dropFirst(before).map(\.method) == ["POST"])
        }
    }

    @Test("A list returns all documents again, and those of the same version are not parsed again")
    func unchanged() async throws {
        let time = TestScheduler(isImpatient: true)
        try await RingCluster.run(time: time) { cluster in
            let store = SecretDocumentStore<CountedDocument>(
                client: cluster.client, namespace: FakeCluster.namespace, scheduler: time.scheduler,
                logger: cluster.log.logger)
            for name in ["a", "b"] { _ = try await store.save(CountedDocument(name: name), replacing: nil) }
            let recorded = Recorder<String>()
            try await FakeCluster.running {
                await store.watch { news in
                    switch news {
                    case .document(let stored): recorded.add(stored.value.name)
                    case .confirmed(let names): recorded.add(names == nil ? "event" : "list")
                    case .missing(let name): recorded.add("\(name) gone")
                    case .unusable(let name, _, _): recorded.add("\(name) unusable")
                    }
                }
            } _: {
                let isList: @Sendable (String) -> Bool = { $0 == "list" }
                #expect(await recorded.upTo(isList) == ["a", "b", "list"])
                #expect(CountedDocument.parsed.withLock { $0 } == ["a": 1, "b": 1])
                let version = try #require(try await store.load("a")).version
                // A write of the same content is no event.
                _ = try await store.save(CountedDocument(name: "a", revision: 2), replacing: version)
                #expect(await recorded.upTo { $0 == "event" } == ["a", "event"])
                CountedDocument.parsed.withLock { $0 = [:] }
                await cluster.api.waitForWatches(1)
                time.pass(301)
                cluster.api.endWatches()
                #expect(await recorded.upTo(isList) == ["a", "b", "list"])
                #expect(CountedDocument.parsed.withLock { $0 } == [:])
            }
        }
    }
}

/// Counts how often each document is parsed.
private struct CountedDocument: StateDocument {
    static let layout = DocumentLayout(
        title: "counted document", secretName: "sts-counted-", dataKey: "text", fileName: ".text",
        label: "sts-gateway.io/counted")
    static let parsed = Mutex<[String: Int]>([:])

    let name: String
    let revision: Int

    init(name: String, revision: Int = 1) {
        self.name = name
        self.revision = revision
    }

    init(document: Data, name: String) throws(StoreError) {
        self.init(name: name, revision: document.count)
        Self.parsed.withLock { $0[name, default: 0] += 1 }
    }

    func encoded() throws(StoreError) -> Data { Data(repeating: 0x61, count: revision) }
}
