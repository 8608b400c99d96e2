import FakeKubernetesAPI
import FoundationEssentials
import GatewayTestSupport
import JSON
import Kubernetes
import KubernetesAPI
import KubernetesTestSupport
import Testing

@Suite("Following the objects of a collection", .hangs)
struct ReflectorTests {
    let time = ManualScheduler(isImpatient: true)
    let log = RecordedLog()

    private func add(_ name: String, _ cluster: FakeCluster, labels: JSONValue = ["x": "1"]) throws {
        try cluster.api.add(
            .secrets, namespace: FakeCluster.namespace, ["metadata": ["name": .string(name), "labels": labels]])
    }

    private func delete(_ name: String, _ cluster: FakeCluster) throws {
        try cluster.api.delete(.secrets, namespace: FakeCluster.namespace, name: name)
    }

    private static func word(_ event: ReflectorEvent) -> String {
        switch event {
        case .added(let object): "added \(object.meta.name)"
        case .modified(let object): "modified \(object.meta.name)"
        case .deleted(let key): "deleted \(key.name)"
        case .listed: "listed"
        case .alive: "alive"
        }
    }

    /// Follows the Secrets with the label `x` while `body` runs.
    private func following(
        settings: Reflector.Settings = .init(),
        _ body: @Sendable (FakeCluster, Recorder<String>) async throws -> Void
    ) async throws {
        try await FakeCluster.run { [time, log] cluster in
            let recorder = Recorder<String>()
            let reflector = Reflector(
                cluster.collection(.secrets, time), selector: "x", settings: settings, logger: log.logger)
            try await FakeCluster.running {
                await reflector.run { recorder.add(Self.word($0)) }
            } _: {
                try await body(cluster, recorder)
            }
        }
    }

    @Test("All objects are reported, then the end of the list, then each change and confirmation")
    func changes() async throws {
        try await following { cluster, recorder in
            #expect(await recorder.upTo { $0 == "listed" } == ["listed"])
            try add("a", cluster)
            try add("other", cluster, labels: ["y": "1"])
            #expect(await recorder.upTo { $0 == "alive" } == ["added a", "alive"])
            try cluster.api.patch(
                .secrets, namespace: FakeCluster.namespace, name: "a", ["metadata": ["labels": ["x": "2"]]])
            #expect(await recorder.upTo { $0 == "alive" } == ["modified a", "alive"])
            try delete("a", cluster)
            #expect(await recorder.upTo { $0 == "alive" } == ["deleted a", "alive"])
            cluster.api.sendBookmarks()
            #expect(await recorder.upTo { $0 == "alive" } == ["alive"])
        }
    }

    @Test("A watch that ends is continued from its version, without a list or a lost event")
    func reconnect() async throws {
        try await following { cluster, recorder in
            _ = await recorder.upTo { $0 == "listed" }
            await cluster.api.waitForWatches(1)
            cluster.api.endWatches()
            try add("a", cluster)
            #expect(await recorder.upTo { $0 == "alive" } == ["added a", "alive"])
            // The connection ends within an event.
            cluster.api.fail(.cut(afterBytes: 30), path: FakeCluster.secrets)
            cluster.api.endWatches()
            try add("b", cluster)
            #expect(await recorder.upTo { $0 == "alive" } == ["added b", "alive"])
            let queries = cluster.api.requests.map(\.query).filter { !$0.hasPrefix("watch") }
            #expect(queries == ["limit=100&labelSelector=x"])
            #expect(log.text.contains("the API server cannot be reached"))
        }
    }

    @Test("Objects that were deleted while the history expired are reported by the next list")
    func forgotten() async throws {
        try await following { cluster, recorder in
            _ = await recorder.upTo { $0 == "listed" }
            for name in ["a", "b"] { try add(name, cluster) }
            _ = await recorder.upTo { $0 == "added b" }
            _ = await recorder.upTo { $0 == "alive" }
            // The next watches are rejected until both are changed and the history has expired.
            cluster.api.deny("watch", "secrets")
            cluster.api.endWatches()
            try delete("a", cluster)
            try add("c", cluster)
            cluster.api.compact()
            cluster.api.allow("watch", "secrets")
            let events = await recorder.upTo { $0 == "listed" }
            #expect(events == ["modified b", "added c", "deleted a", "listed"])
        }
    }

    @Test("After five minutes all objects are listed again")
    func listInterval() async throws {
        try await following { cluster, recorder in
            try add("a", cluster)
            _ = await recorder.upTo { $0 == "alive" || $0 == "listed" }
            await cluster.api.waitForWatches(1)
            time.pass(299)
            cluster.api.endWatches()
            await cluster.api.waitForRequests(3, to: FakeCluster.secrets)
            #expect(cluster.api.requests.last?.query.hasSuffix("timeoutSeconds=1&labelSelector=x") == true)
            time.pass(1)
            await cluster.api.waitForWatches(1)
            cluster.api.endWatches()
            #expect(await recorder.upTo { $0 == "listed" }.contains("modified a"))
        }
    }

    @Test("Many objects are listed again later")
    func listIntervalOfMany() async throws {
        var settings = Reflector.Settings()
        settings.listSecondsPerObject = 200
        try await following(settings: settings) { cluster, recorder in
            #expect(await recorder.upTo { $0 == "listed" } == ["listed"])
            for name in ["a", "b"] { try add(name, cluster) }
            #expect(await recorder.upTo { $0 == "added b" } == ["added a", "alive", "added b"])
            await cluster.api.waitForWatches(1)
            // The interval after a list counts the objects of that list: there were none.
            time.pass(300)
            cluster.api.endWatches()
            #expect(await recorder.upTo { $0 == "listed" } == ["alive", "modified a", "modified b", "listed"])
            await cluster.api.waitForWatches(1)
            time.pass(399)
            cluster.api.endWatches()
            await cluster.api.waitForRequests(5, to: FakeCluster.secrets)
            #expect(cluster.api.requests.last?.query.contains("watch=1") == true)
            time.pass(1)
            await cluster.api.waitForWatches(1)
            cluster.api.endWatches()
            #expect(await recorder.upTo { $0 == "listed" } == ["modified a", "modified b", "listed"])
        }
    }

    @Test("Failures are retried with backoff and logged once, and Retry-After is honored")
    func backoff() async throws {
        let time = ManualScheduler(isImpatient: true, random: 1)
        try await FakeCluster.run { [log] cluster in
            for _ in 0..<3 { cluster.api.fail(.status(500)) }
            cluster.api.fail(.status(503))
            cluster.api.fail(.status(500), next: 6)
            let recorder = Recorder<String>()
            let reflector = Reflector(cluster.collection(.secrets, time), selector: "x", logger: log.logger)
            await FakeCluster.running {
                await reflector.run { recorder.add(Self.word($0)) }
            } _: {
                _ = await recorder.upTo { $0 == "listed" }
            }
        }
        #expect(time.slept.prefix(10) == [0.5, 1, 2, 4, 8, 16, 30, 30, 30, 30])
        #expect(log.text.split(separator: "watch failed").count - 1 == 3)
    }

    @Test("A watch that ends immediately does not cause a storm of requests")
    func storm() async throws {
        let time = ManualScheduler(random: 1)
        try await FakeCluster.run { [log] cluster in
            let recorder = Recorder<String>()
            let reflector = Reflector(cluster.collection(.secrets, time), selector: "x", logger: log.logger)
            await FakeCluster.running {
                await reflector.run { recorder.add(Self.word($0)) }
            } _: {
                _ = await recorder.upTo { $0 == "listed" }
                for wait in [0.5, 1, 2, 4] {
                    await cluster.api.waitForWatches(1)
                    cluster.api.endWatches()
                    await time.waitForSleeper { $0 == wait }
                    time.advance(by: wait)
                }
                await cluster.api.waitForWatches(1)
            }
            #expect(cluster.api.requestCount(FakeCluster.secrets) == 6)
        }
    }

    @Test("The default times notice a dead connection within 10 s, and replace it within 15 s")
    func deadConnectionTimes() {
        let (limits, settings) = (KubernetesClient.Limits(), Reflector.Settings())
        // A live watch has its end within two seconds of its time, and the backoff of a first failure is 0.5 s at most.
        #expect(Double(settings.watchSeconds) + 2 <= limits.watchIdleTimeout)
        #expect(limits.watchIdleTimeout <= 10)
        #expect(limits.watchIdleTimeout + 0.5 + limits.watchHeadTimeout < 15)
        #expect(Double(settings.watchSeconds) > settings.soundSeconds)
    }

    @Test("An invalid event causes a new list")
    func unreadable() async throws {
        try await following { cluster, recorder in
            _ = await recorder.upTo { $0 == "listed" }
            await cluster.api.waitForWatches(1)
            cluster.api.fail(.reply(200, body: #"{"type":"ADDED","object":{}}"# + "\n"), path: FakeCluster.secrets)
            cluster.api.endWatches()
            #expect(await recorder.upTo { $0 == "listed" } == ["listed"])
        }
    }
}
