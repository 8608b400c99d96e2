import FakeKubernetesAPI
import FoundationEssentials
import GatewayTestSupport
import HTTPTypes
import JSON
import Kubernetes
import KubernetesAPI
import KubernetesTestSupport
import NIOCore
import Testing

@Suite("A watch of a Kubernetes collection", .hangs)
struct KubernetesWatchTests {
    private func add(_ name: String, _ cluster: FakeCluster) throws {
        try cluster.api.add(.secrets, namespace: FakeCluster.namespace, ["metadata": ["name": .string(name)]])
    }

    private func watch(
        _ cluster: FakeCluster, from version: String, seconds: Int = 30, _ take: (WatchEvent) async -> Void
    ) async throws(KubernetesAPIError) -> KubernetesCollection.WatchEnding {
        try await cluster.collection().watch(selector: nil, from: version, seconds: seconds, take)
    }

    private func word(_ event: WatchEvent) -> String {
        switch event {
        case .added(let object): "added \(object.meta.name)"
        case .modified(let object): "modified \(object.meta.name)"
        case .deleted(let object): "deleted \(object.meta.name)"
        case .bookmark(let version): "bookmark \(version)"
        case .error: "error"
        }
    }

    @Test("Changes and bookmarks are reported until the API server ends the watch")
    func events() async throws {
        try await FakeCluster.run { cluster in
            let version = cluster.api.resourceVersion
            let events = Recorder<WatchEvent>()
            let namespace = FakeCluster.namespace
            async let ending = watch(cluster, from: version) { events.add($0) }
            await cluster.api.waitForWatches(1)
            try add("a", cluster)
            #expect(await events.upTo { _ in true }.map(word) == ["added a"])
            try cluster.api.patch(.secrets, namespace: namespace, name: "a", ["metadata": ["labels": ["x": "1"]]])
            #expect(await events.upTo { _ in true }.map(word) == ["modified a"])
            try cluster.api.delete(.secrets, namespace: namespace, name: "a")
            #expect(await events.upTo { _ in true }.map(word) == ["deleted a"])
            cluster.api.sendBookmarks()
            #expect(await events.upTo { _ in true }.map(word) == ["bookmark \(cluster.api.resourceVersion)"])
            cluster.api.endWatches()
            guard case .ended = try await ending else {
                Issue.record("not ended")
                return
            }
            let query = cluster.api.requests.last?.query ?? ""
            #expect(query == "watch=1&allowWatchBookmarks=true&resourceVersion=\(version)&timeoutSeconds=30")
        }
    }

    @Test("A watch from an expired version fails as gone")
    func gone() async throws {
        try await FakeCluster.run { cluster in
            let version = cluster.api.resourceVersion
            cluster.api.compact()
            guard case .error(let failure) = try await watch(cluster, from: version, { _ in }) else {
                Issue.record("no error event")
                return
            }
            #expect(failure.kind == .gone)
        }
    }

    @Test("A watch that is denied, interrupted or not a list of events has its kind of failure")
    func failures() async throws {
        try await FakeCluster.run { cluster in
            func failure(_ fault: Fault?) async -> KubernetesAPIError? {
                if let fault { cluster.api.fail(fault) }
                do throws(KubernetesAPIError) {
                    _ = try await watch(cluster, from: "0") { _ in }
                    return nil
                } catch {
                    return error
                }
            }
            try add("a", cluster)
            #expect(await failure(.status(429, retryAfter: 9))?.kind == .tooManyRequests)
            #expect(await failure(.notJSON)?.kind == nil)
            #expect(await failure(.reply(200, body: "no event\n"))?.kind == .unreadable)
            guard case .noAnswer(.unreachable)? = await failure(.cut(afterBytes: 20))?.kind else {
                Issue.record("a cut connection is something else")
                return
            }
            cluster.api.deny("watch", "secrets")
            #expect(await failure(nil)?.description.contains("not allowed to watch secrets in namespace") == true)
        }
    }

    @Test("An event above the limit ends the watch before it is complete")
    func bounds() async throws {
        var limits = KubernetesClient.Limits.patient
        limits.eventBytes = 10_000
        try await FakeCluster.run(limits: limits) { cluster in
            cluster.api.fail(.reply(200, body: String(repeating: "x", count: 1 << 20)))
            do throws(KubernetesAPIError) {
                _ = try await watch(cluster, from: "0") { _ in }
                Issue.record("no failure")
            } catch {
                #expect(error.kind == .noAnswer(.replyTooLarge))
            }
        }
    }

    @Test("An idle watch is cancelled, and one whose task is cancelled ends immediately")
    func idle() async throws {
        // No event arrives, so that the result is independent of the machine's speed.
        var limits = KubernetesClient.Limits.patient
        limits.watchIdleTimeout = 0.3
        try await FakeCluster.run(limits: limits) { cluster in
            do throws(KubernetesAPIError) {
                _ = try await watch(cluster, from: cluster.api.resourceVersion) { _ in }
                Issue.record("no failure")
            } catch {
                #expect(error.kind == .noAnswer(.timeout))
            }
        }
        try await FakeCluster.run { cluster in
            let task = Task { try await watch(cluster, from: cluster.api.resourceVersion) { _ in } }
            await cluster.api.waitForWatches(1)
            task.cancel()
            _ = await task.result
            await cluster.api.waitForNoWatches()
        }
    }

    @Test("Where every open connection carries nothing any more, the next watch begins on a new one")
    func deadPath() async throws {
        let now = ManualScheduler.start
        try await FakeKubernetesAPI.run(clock: { now }, sleep: FakeKubernetesAPI.endless) { api in
            try await SwallowingProxy.run(to: api.port) { proxy in
                let access = try ClusterAccess.inCluster(
                    environment: [
                        "KUBERNETES_SERVICE_HOST": FakeKubernetesAPI.host, "KUBERNETES_SERVICE_PORT": "\(proxy.port)",
                    ], folder: api.serviceAccountFolder.path)
                try await LocalAPIServer.client(access, at: now) { client in
                    let cluster = FakeCluster(api: api, client: client)
                    // The idle connection of other calls. One after the other: calls at the same time open further connections,
                    // and the client would wait for the handshake of one that carries nothing any more.
                    for _ in 0..<4 { _ = try await cluster.collection(.secrets).get("a") }
                    #expect(proxy.connections == 1)
                    proxy.swallow()
                    try add("a", cluster)
                    let events = Recorder<WatchEvent>()
                    async let ending = watch(cluster, from: "0") { events.add($0) }
                    #expect(await events.upTo { _ in true }.map(word) == ["added a"])
                    api.endWatches()
                    _ = try await ending
                }
            }
        }
    }

    @Test("A token that is not valid any more is read again for a watch as well")
    func renewal() async throws {
        try await FakeCluster.run { cluster in
            try cluster.api.rotateClientToken()
            try add("a", cluster)
            let events = Recorder<WatchEvent>()
            async let ending = watch(cluster, from: "0") { events.add($0) }
            #expect(await events.upTo { _ in true }.map(word) == ["added a"])
            cluster.api.endWatches()
            _ = try await ending
        }
    }
}
