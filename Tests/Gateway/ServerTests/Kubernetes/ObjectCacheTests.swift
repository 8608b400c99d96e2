import FoundationEssentials
import GatewayCore
import KubernetesAPI
import Testing

@testable import GatewayServer

@Suite struct ObjectCacheTests {
    private let now = Date(timeIntervalSince1970: 1_778_251_200)
    private let small = WorkloadMetadata.Object(uid: "u", labels: [:], annotations: [:])

    private func account(_ namespace: String, _ name: String = "web") -> KubernetesObjectReference {
        .serviceAccount(name, in: namespace)
    }

    @Test func `an object is cached for its time, under its own reference`() {
        var cache = ObjectCache(limits: ObjectReadLimits())
        cache.insert(small, for: account("a"), requested: now)
        #expect(cache.object(for: account("a"), at: now.addingTimeInterval(9.9)) == small)
        #expect(cache.object(for: account("a"), at: now.addingTimeInterval(10)) == nil)
        // A clock that was set back.
        #expect(cache.object(for: account("a"), at: now.addingTimeInterval(-2)) == nil)
        for other in [
            account("b"), account("a", "other"), .namespace("a"), .namespace("web"),
            KubernetesObjectReference(.secrets, namespace: "a", name: "web"),
        ] {
            #expect(cache.object(for: other, at: now) == nil)
        }
    }

    @Test func `cluster-scoped objects of different names are different objects`() {
        var cache = ObjectCache(limits: ObjectReadLimits())
        cache.insert(small, for: .namespace("a"), requested: now)
        #expect(cache.object(for: .namespace("a"), at: now) == small)
        #expect(cache.object(for: .namespace("b"), at: now) == nil)
        #expect(KubernetesObjectReference.namespace("a").path == "/api/v1/namespaces/a")
        #expect(account("a").path == "/api/v1/namespaces/a/serviceaccounts/web")
    }

    @Test func `names are compared by code units`() {
        var cache = ObjectCache(limits: ObjectReadLimits())
        cache.insert(small, for: account("a", "\u{E9}"), requested: now)
        #expect(cache.object(for: account("a", "\u{E9}"), at: now) == small)
        #expect(cache.object(for: account("a", "e\u{301}"), at: now) == nil)
    }

    @Test func `neither their number nor their size exceeds the limits`() {
        var limits = ObjectReadLimits()
        limits.cachedObjects = 10
        var cache = ObjectCache(limits: limits)
        for index in 0..<100 { cache.insert(small, for: account("n\(index)"), requested: now) }
        #expect(cache.count <= 10)
        #expect(cache.object(for: account("n99"), at: now) == small)

        limits = ObjectReadLimits()
        limits.cachedBytes = 10_000
        cache = ObjectCache(limits: limits)
        func large(_ bytes: Int) -> WorkloadMetadata.Object {
            .init(uid: "u", labels: [:], annotations: ["a": String(repeating: "x", count: bytes)])
        }
        for index in 0..<100 { cache.insert(large(1000), for: account("n\(index)"), requested: now) }
        #expect(cache.count <= 8)
        cache.insert(small, for: account("huge"), requested: now)
        cache.insert(large(6000), for: account("huge"), requested: now)
        #expect(cache.object(for: account("huge"), at: now) == nil)
    }
}
