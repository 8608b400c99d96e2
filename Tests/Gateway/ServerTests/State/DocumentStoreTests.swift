import FoundationEssentials
import GatewayCore
import GatewayTestSupport
import KubernetesTestSupport
import Testing

@testable import GatewayServer

/// The conformance suite of ``DocumentStore``.
@Suite("A store of documents", .hangs)
struct DocumentStoreTests {
    private typealias Ring = RingCluster

    @Test("loads what was saved, by its name only", arguments: StoreUnderTest.allCases)
    func roundTrip(_ adapter: StoreUnderTest) async throws {
        try await adapter.run { stores in
            #expect(try await stores.rings.load("one") == nil)
            #expect(try await stores.rings.names().isEmpty)
            let ring = try Ring.ring()
            let version = try await stores.rings.save(ring, replacing: nil)
            let stored = try #require(try await stores.rings.load("one"))
            #expect(stored.version == version && stored.value.publicKeys == ring.publicKeys)
            #expect(stored.value.owner == ring.owner && stored.value.revision == ring.revision)
            #expect(try await stores.rings.load("two") == nil)
            _ = try await stores.rings.save(try Ring.ring(endpoint: "another"), replacing: nil)
            #expect(try await stores.rings.names() == ["another", "one"])
        }
    }

    @Test("rejects a write that replaces another version, and changes nothing", arguments: StoreUnderTest.allCases)
    func conflicts(_ adapter: StoreUnderTest) async throws {
        try await adapter.run { stores in
            let rings = stores.rings
            let first = try await rings.save(try Ring.ring(), replacing: nil)
            await #expect(throws: StoreError.conflict) { try await rings.save(try Ring.ring(), replacing: nil) }
            let second = try await rings.save(try Ring.ring(revision: 2), replacing: first)
            #expect(second != first)
            await #expect(throws: StoreError.conflict) {
                try await rings.save(try Ring.ring(revision: 3), replacing: first)
            }
            await #expect(throws: StoreError.conflict) {
                try await rings.save(try Ring.ring(endpoint: "two"), replacing: second)
            }
            let stored = try await rings.load("one")
            #expect(stored?.version == second && stored?.value.revision == 2)
            #expect(try await rings.load("two") == nil)
        }
    }

    @Test("lets exactly one of many writers of a new document win", arguments: StoreUnderTest.allCases)
    func race(_ adapter: StoreUnderTest) async throws {
        try await adapter.run { stores in
            let wins = await withTaskGroup(of: Bool.self) { group in
                for revision in 1...16 {
                    group.addTask {
                        (try? await stores.rings.save(try Ring.ring(revision: revision), replacing: nil)) != nil
                    }
                }
                return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect(wins == 1)
        }
    }

    @Test("deletes the version that was loaded, and no other", arguments: StoreUnderTest.allCases)
    func deletion(_ adapter: StoreUnderTest) async throws {
        try await adapter.run { stores in
            let rings = stores.rings
            let first = try await rings.save(try Ring.ring(), replacing: nil)
            let second = try await rings.save(try Ring.ring(revision: 2), replacing: first)
            await #expect(throws: StoreError.conflict) { try await rings.delete("one", version: first) }
            try await rings.delete("one", version: second)
            #expect(try await rings.load("one") == nil)
            #expect(try await rings.names().isEmpty)
            await #expect(throws: StoreError.conflict) { try await rings.delete("one", version: second) }
            await #expect(throws: StoreError.conflict) {
                try await rings.save(try Ring.ring(revision: 3), replacing: second)
            }
            _ = try await rings.save(try Ring.ring(), replacing: nil)
        }
    }

    @Test("lists invalid documents, and does not overwrite them as missing", arguments: StoreUnderTest.allCases)
    func invalid(_ adapter: StoreUnderTest) async throws {
        try await adapter.run { stores in
            try stores.put("garbage", "one")
            let error = await #expect(throws: StoreError.self) { try await stores.rings.load("one") }
            guard case .malformed(let what)? = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(what.hasPrefix("key ring in ") && what.contains("JSON") && !what.contains("garbage"))
            await #expect(throws: StoreError.conflict) {
                try await stores.rings.save(try Ring.ring(), replacing: nil)
            }
            #expect(try stores.text("one") == "garbage")
            #expect(try await stores.rings.names() == ["one"])
            try stores.put("{\"version\": 9}", "one")
            await #expect(throws: StoreError.newerVersion(9, supported: 2)) { try await stores.rings.load("one") }
        }
    }

    @Test("keeps documents of other layouts apart", arguments: StoreUnderTest.allCases)
    func layouts(_ adapter: StoreUnderTest) async throws {
        try await adapter.run { stores in
            let identity = try ServingIdentityGenerator().first(
                policy: ServingPolicy(names: ServingReplica.names, timeToLive: 900), at: ExampleGateway.now)
            #expect(try await stores.identities.load("") == nil)
            #expect(try await stores.identities.names().isEmpty)
            let version = try await stores.identities.save(identity, replacing: nil)
            let stored = try await stores.identities.load("")
            #expect(stored?.value == identity && stored?.version == version && stored?.request == nil)
            await #expect(throws: StoreError.conflict) { try await stores.identities.save(identity, replacing: nil) }

            let text = "listen: {tokens: \"[::]:8443\"}\n"
            _ = try await stores.configurations.save(LastValidConfiguration(text: text), replacing: nil)
            #expect(try await stores.configurations.load("")?.value.text == text)
            await #expect(throws: StoreError.self) {
                try await stores.configurations.save(
                    LastValidConfiguration(text: String(repeating: "#", count: (1 << 20) + 1)), replacing: nil)
            }
            #expect(try await stores.rings.names().isEmpty)
            #expect(try await stores.identities.names() == [""])
            #expect(try await stores.configurations.names() == [""])
        }
    }

    private static func word(_ news: DocumentNews<KeyRing>) -> String {
        switch news {
        case .document(let stored): "\(stored.value.endpoint) \(stored.value.revision)"
        case .unusable(let name, _, let version): "\(name) \(version == nil ? "unreadable" : "unusable")"
        case .missing(let name): "\(name) missing"
        case .confirmed(let names): "confirmed" + (names.map { " " + $0.sorted().joined(separator: " ") } ?? "")
        }
    }

    @Test("reports all documents, then every change, with a confirmation", arguments: StoreUnderTest.allCases)
    func watch(_ adapter: StoreUnderTest) async throws {
        try await adapter.run { stores in
            let rings = stores.rings
            var version = try await rings.save(try Ring.ring(), replacing: nil)
            try stores.put("garbage", "bad")
            let recorded = Recorder<String>()
            try await FakeCluster.running {
                await rings.watch { recorded.add(Self.word($0)) }
            } _: {
                func next() async -> [String] { await recorded.upTo { $0.hasPrefix("confirmed") } }
                let first = await next()
                #expect(Set(first.dropLast()) == ["one 1", "bad unusable"] && first.last == "confirmed bad one")
                version = try await rings.save(try Ring.ring(revision: 2), replacing: version)
                await stores.poll()
                #expect(await next().first == "one 2")
                try stores.put(nil, "bad")
                await stores.poll()
                #expect(await next().first == "bad missing")
                _ = try await rings.save(try Ring.ring(endpoint: "two"), replacing: nil)
                await stores.poll()
                #expect(await next().first == "two 1")
                try await rings.delete("one", version: version)
                await stores.poll()
                #expect(await next().first == "one missing")
            }
        }
    }

    @Test("reports a single document, and its absence from the start", arguments: StoreUnderTest.allCases)
    func watchSingle(_ adapter: StoreUnderTest) async throws {
        try await adapter.run { stores in
            let identity = try ServingIdentityGenerator().first(
                policy: ServingPolicy(names: ServingReplica.names, timeToLive: 900), at: ExampleGateway.now)
            let recorded = Recorder<String>()
            try await FakeCluster.running {
                await stores.identities.watch { news in
                    switch news {
                    case .document(let stored): recorded.add("\(stored.value.revision)")
                    case .confirmed(let names): recorded.add("confirmed \((names ?? ["watch"]).sorted())")
                    case .unusable, .missing: recorded.add("lost")
                    }
                }
            } _: {
                #expect(await recorded.upTo { _ in true } == ["confirmed []"])
                _ = try await stores.identities.save(identity, replacing: nil)
                await stores.poll()
                #expect(await recorded.upTo { $0 == "1" }.last == "1")
            }
        }
    }
}
