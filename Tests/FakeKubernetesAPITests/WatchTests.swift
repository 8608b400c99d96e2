import FakeKubernetesAPI
import Foundation
import GatewayTestSupport
import JSON
import Testing

@Suite(.hangs) struct WatchTests {
    private let pods = APIResource.pods.path(namespace: "default")

    private func types(_ events: [JSONValue]) -> [String] { events.compactMap { $0.text("type") } }

    @Test func `a watch from a list's resourceVersion reports each later change, in order`() async throws {
        try await APIClient.run { (api, client) async throws in
            try api.add(.pods, namespace: "default", ["metadata": ["name": "before"]])
            let list = try await client.get(pods).json
            let version = try #require(list.text("metadata", "resourceVersion"))
            let events = try await client.watch("\(pods)?watch=true&resourceVersion=\(version)", count: 3) {
                try api.add(.pods, namespace: "default", ["metadata": ["name": "a"]])
                try api.add(.pods, namespace: "kube-system", ["metadata": ["name": "elsewhere"]])
                try api.patch(.pods, namespace: "default", name: "a", ["metadata": ["labels": ["x": "1"]]])
                try api.delete(.pods, namespace: "default", name: "a")
            }
            #expect(types(events) == ["ADDED", "MODIFIED", "DELETED"])
            let versions = events.compactMap { $0.text("object", "metadata", "resourceVersion") }.compactMap { Int($0) }
            #expect(versions == versions.sorted() && Set(versions).count == 3)
        }
    }

    @Test func `changes between list and watch are not lost`() async throws {
        try await APIClient.run { (api, client) async throws in
            let version = api.resourceVersion
            try api.add(.pods, namespace: "default", ["metadata": ["name": "a"]])
            let events = try await client.watch("\(pods)?watch=1&resourceVersion=\(version)", count: 1)
            #expect(events.first?.text("object", "metadata", "name") == "a")
        }
    }

    @Test func `a watch without resourceVersion starts with the present objects`() async throws {
        try await APIClient.run { (api, client) async throws in
            try api.add(.pods, namespace: "default", ["metadata": ["name": "a"]])
            #expect(types(try await client.watch("\(pods)?watch=true", count: 1)) == ["ADDED"])
        }
    }

    @Test func `an object that starts or stops matching the selector is ADDED or DELETED`() async throws {
        try await APIClient.run { (api, client) async throws in
            try api.add(.pods, namespace: "default", ["metadata": ["name": "a"]])
            let path = "\(pods)?watch=true&labelSelector=x%3D1&resourceVersion=\(api.resourceVersion)"
            let events = try await client.watch(path, count: 2) {
                try api.patch(.pods, namespace: "default", name: "a", ["metadata": ["labels": ["x": "1"]]])
                try api.patch(.pods, namespace: "default", name: "a", ["metadata": ["labels": ["x": "2"]]])
            }
            #expect(types(events) == ["ADDED", "DELETED"])
        }
    }

    @Test func `a watch from before the compaction gets 410 as its only event`() async throws {
        try await APIClient.run { (api, client) async throws in
            let version = api.resourceVersion
            api.compact()
            let events = try await client.watch("\(pods)?watch=true&resourceVersion=\(version)")
            #expect(types(events) == ["ERROR"])
            #expect(events.first?["object"]?["code"] == 410)
            #expect(events.first?.text("object", "reason") == "Expired")
            let now = try await client.get(pods).json.text("metadata", "resourceVersion") ?? ""
            #expect(types(try await client.watch("\(pods)?watch=true&resourceVersion=\(now)&timeoutSeconds=0")) == [])
        }
    }

    @Test func `bookmarks are sent where requested, and once more before the timeout`() async throws {
        let (time, end) = AsyncStream.makeStream(of: Never.self)
        let now = Date(timeIntervalSince1970: 1_778_251_200)
        try await APIClient.run(clock: { now }) { seconds in
            #expect(seconds == 30)
            for await _ in time {}
        } _: { (api, client) async throws in
            let query = "watch=true&allowWatchBookmarks=true&timeoutSeconds=30&resourceVersion=\(api.resourceVersion)"
            let events = try await client.watch("\(pods)?\(query)") {
                await api.waitForWatches(1)
                api.sendBookmarks()
            } onEvent: { _ in
                end.finish()
            }
            #expect(types(events) == ["BOOKMARK", "BOOKMARK"])
            #expect(events.last?.text("object", "metadata", "resourceVersion") == api.resourceVersion)
            #expect(events.last?.text("object", "kind") == "Pod")
        }
    }

    @Test func `a streaming list ends with a bookmark that says so`() async throws {
        try await APIClient.run { (api, client) async throws in
            try api.add(.pods, namespace: "default", ["metadata": ["name": "a"]])
            let query = "watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"
            let events = try await client.watch("\(pods)?\(query)", count: 2)
            #expect(types(events) == ["ADDED", "BOOKMARK"])
            #expect(events.last?.text("object", "metadata", "annotations", "k8s.io/initial-events-end") == "true")
        }
    }

    @Test func `watches can be ended from the server's side`() async throws {
        try await APIClient.run { (api, client) async throws in
            try api.add(.pods, namespace: "default", ["metadata": ["name": "a"]])
            let all = try await client.watch("\(pods)?watch=true&timeoutSeconds=30") {
            } onEvent: { _ in
                #expect(api.openWatches == 1)
                api.endWatches()
            }
            #expect(types(all) == ["ADDED"])
            #expect(api.openWatches == 0)
        }
    }

    @Test func `a watch of a disconnected client is removed`() async throws {
        try await APIClient.run { (api, client) async throws in
            try api.add(.pods, namespace: "default", ["metadata": ["name": "a"]])
            #expect(try await client.watch("\(pods)?watch=true", count: 1).count == 1)
            await api.waitForNoWatches()
            #expect(api.openWatches == 0)
        }
    }
}
